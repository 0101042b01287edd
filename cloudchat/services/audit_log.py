"""Reading the audit log: page by page as it is filtered, and all of it as rows of a file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, tuple_

from cloudchat.extensions import db
from cloudchat.models import AuditEntry, User
from cloudchat.services import audit
from cloudchat.services.accounts import Identity, check_still
from cloudchat.tenancy import acting_as

BATCH = 100  # few enough that others hardly wait
SYSTEM, OPERATOR = "system", "operator"


@dataclass(frozen=True)
class Filter:
    """Which lines; `actor` is a user's id, SYSTEM, OPERATOR (who is no user here), or nobody in
    particular."""

    actor: int | str | None = None
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def page(wanted: Filter, after: tuple[datetime, int] | None, limit: int) -> list[AuditEntry]:
    """The next lines, newest first, one more than `limit` where there are more. An index has each filter's
    lines in this order."""
    statement = _narrowed(select(AuditEntry), wanted)
    if after is not None:
        statement = statement.where(tuple_(AuditEntry.created_at, AuditEntry.id) < tuple_(*after))
    order = AuditEntry.created_at.desc(), AuditEntry.id.desc()
    return list(db.session.scalars(statement.order_by(*order).limit(limit + 1)))


def _narrowed(statement: Select, wanted: Filter) -> Select:
    entry = AuditEntry
    if wanted.actor == SYSTEM:
        statement = statement.where(entry.actor_id.is_(None))
    elif wanted.actor == OPERATOR:
        statement = statement.where(entry.actor_id.is_not(None), entry.actor_id.not_in(select(User.id)))
    elif wanted.actor is not None:
        statement = statement.where(entry.actor_id == wanted.actor)
    for column, value in (
        (entry.action, wanted.action),
        (entry.object_type, wanted.object_type),
        (entry.object_id, wanted.object_id),
    ):
        if value:
            statement = statement.where(column == value)
    if wanted.since is not None:
        statement = statement.where(entry.created_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(entry.created_at < wanted.until)
    return statement


def people() -> list[tuple[int, str]]:
    """Everybody who may have done something, also who has left."""
    rows = db.session.execute(select(User.id, User.name).order_by(User.name, User.id))
    return [(row.id, row.name) for row in rows]


def operators_among(rows: list[AuditEntry]) -> set[int]:
    """Actors who are no users of this organization: the operator of the installation."""
    ids = {row.actor_id for row in rows if row.actor_id}
    return ids - set(db.session.scalars(select(User.id).where(User.id.in_(ids))))


def record_export(wanted: Filter) -> None:
    narrowed = {name: str(value) for name, value in wanted.__dict__.items() if value}
    audit.record("audit.exported", None, filter=narrowed)
    db.session.commit()


def lines(
    identity: Identity, wanted: Filter, headers: list[str], words: dict[str, str]
) -> Iterator[list[str]]:
    """The heading and one row for each line, newest first. `words`: what actions and tables are called.

    A response is sent after the request has left its organization, so each batch enters it anew, and a
    slow reader holds no connection.
    """
    yield headers
    after, zone = None, ZoneInfo(identity.timezone)
    while True:
        check_still(identity, "agent" if identity.acting else "admin")
        with acting_as(identity.organization_id):
            found = page(wanted, after, BATCH)
            batch = [_line(row, zone, words) for row in found[:BATCH]]
            after = (found[BATCH - 1].created_at, found[BATCH - 1].id) if len(found) > BATCH else None
            db.session.rollback()
            db.session.expunge_all()
        yield from batch
        if after is None:
            return


def _line(row: AuditEntry, zone: ZoneInfo, words: dict[str, str]) -> list[str]:
    return [
        row.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        words.get(row.action, row.action),
        row.action,
        row.actor_name,
        str(row.actor_id or ""),
        words.get(row.object_type, row.object_type),
        row.object_id,
        row.ip or "",
        json.dumps(row.data, ensure_ascii=False) if row.data else "",
    ]
