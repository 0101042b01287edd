"""Every table of an organization, read page by page, without what must never leave: secrets.

The tables are those of the models, so a new one is exported and deleted without a word here; a test
looks at the names of its columns.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from cloudchat.extensions import db
from cloudchat.tenancy import current_organization_id

PAGE = 1000
# Never exported: what opens doors, sealed or hashed as it may be
SECRETS = {
    "devices": ("secrets",),
    "users": ("password_hash",),
    "assistant_settings": ("api_key",),
    "ongkir_settings": ("rajaongkir_api_key",),
    "push_subscriptions": ("endpoint", "endpoint_hash", "p256dh", "auth"),
    "webhooks": ("secret",),
    "broadcasts": ("file_key",),
    "contact_imports": ("file_key",),
    "data_exports": ("file_key",),
}
# Tables of doors alone, or of what is gone tomorrow
LEFT_OUT = (
    "api_tokens",
    "idempotency_keys",
    "invitations",
    "mails",
    "messenger_connects",
    "password_resets",
    "recovery_codes",
    "second_factors",
    "user_sessions",
)


def all_tables() -> list[Table]:
    """Tables with an organization's rows, parents first."""
    return [table for table in db.metadata.sorted_tables if "organization_id" in table.c]


def exported_tables() -> list[Table]:
    return [table for table in all_tables() if table.name not in LEFT_OUT]


def key_of(table: Table) -> list:
    return list(table.primary_key)


def count(table: Table, criteria: Any = None) -> int:
    statement = select(func.count()).select_from(table).where(_own(table))
    return db.session.scalar(statement if criteria is None else statement.where(criteria))


def pages(table: Table, criteria: Any = None) -> Iterator[list[dict[str, Any]]]:
    """The organization's rows as JSON would have them, by primary key; each page is read in a
    transaction of its own, so that nothing is held while somebody writes."""
    key = key_of(table)
    hidden = SECRETS.get(table.name, ())
    row = func.to_jsonb(table.table_valued())
    for name in hidden:
        if name in table.c:
            row = row.op("-")(name)
    statement = select(cast(row, JSONB).label("row"), *key).where(_own(table)).order_by(*key).limit(PAGE)
    if criteria is not None:
        statement = statement.where(criteria)
    after: tuple | None = None
    while True:
        page = statement if after is None else statement.where(tuple_(*key) > tuple_(*after))
        found = db.session.execute(page).all()
        db.session.rollback()
        if not found:
            return
        yield [item[0] for item in found]
        if len(found) < PAGE:
            return
        after = tuple(found[-1][1:])


def _own(table: Table):
    return table.c.organization_id == current_organization_id()


def about_contact(table: Table, contact_id: int):
    """The criterion for the rows of a table that are about a contact; None where it holds none."""
    conversations = db.metadata.tables["conversations"]
    if table.name == "contacts":
        return table.c.id == contact_id
    if "contact_id" in table.c:
        return table.c.contact_id == contact_id
    if "conversation_id" in table.c:
        of_contact = select(conversations.c.id).where(
            conversations.c.organization_id == current_organization_id(),
            conversations.c.contact_id == contact_id,
        )
        return table.c.conversation_id.in_(of_contact)
    return None
