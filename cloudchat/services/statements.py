"""Plain SQL for the paths where the ORM would cost more than the work: in batches, one trip each.

Rows go in as one JSON document, which both sides take apart in C; an array of texts is escaped by
the driver letter by letter. The tenant's criterion is the statement's own duty here (the first wall
does not see plain SQL), and row-level security stands behind it as everywhere.
"""

from typing import Any

import orjson
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cloudchat.extensions import db
from cloudchat.tenancy import current_organization_id

# SQLSTATE classes that say something about the server and nothing about the statement.
_AWAY_CLASSES = ("08", "53", "57", "58")
_QUERY_CANCELED = "57014"


def run(sql: str, rows: list | None = None, **values: Any) -> list[Row]:
    """Execute in the session's transaction. Placeholders: %(organization_id)s, %(rows)s and by name."""
    values["organization_id"] = current_organization_id()
    if rows is not None:
        values["rows"] = orjson.dumps(rows).decode()
    result = db.session.connection().exec_driver_sql(sql, values)
    return list(result) if result.returns_rows else []


def database_is_away(error: BaseException) -> bool:
    """Is the server (or its disk, or a free connection) missing, rather than the statement wrong?

    A deadlock, a lock not had in time or a cancelled statement are troubles of this work alone.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    return state[:2] in _AWAY_CLASSES and state != _QUERY_CANCELED
