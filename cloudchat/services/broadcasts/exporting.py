"""The recipients of a broadcast as rows of a file."""

from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from cloudchat.extensions import db
from cloudchat.models import Broadcast
from cloudchat.services import audit
from cloudchat.services.accounts import Identity
from cloudchat.services.broadcasts import catalog
from cloudchat.services.broadcasts.catalog import Chosen
from cloudchat.tenancy import acting_as

BATCH = 100  # few enough that others hardly wait


def record(broadcast_id: int, kind: str) -> Broadcast:
    """Note in the audit log that it leaves the house. Raises NotFound."""
    row = catalog.get(broadcast_id)
    audit.record("broadcast.exported", row, name=row.name, kind=kind)
    db.session.commit()
    return row


def rows(
    identity: Identity,
    broadcast_id: int,
    wanted: Chosen,
    headers: list[str],
    words: Callable[[dict[str, Any]], tuple[str, str]],
) -> Iterator[list[str]]:
    """The heading, and a row for each recipient. `words` says status and reason in the reader's
    language. A response outlives its request, so each page enters the organization anew."""
    yield headers
    zone = ZoneInfo(identity.timezone)
    after = None
    while True:
        with acting_as(identity.organization_id):
            found = catalog.recipients(broadcast_id, wanted, after, BATCH)
            lines = [_line(row, zone, words) for row in found[:BATCH]]
            after = (found[BATCH - 1].id,) if len(found) > BATCH else None
            db.session.rollback()  # gives the connection back while the reader takes its time
            db.session.expunge_all()
        yield from lines
        if after is None:
            return


def _line(row, zone: ZoneInfo, words: Callable[[dict[str, Any]], tuple[str, str]]) -> list[str]:
    status, reason = words(catalog.recipient_outward(row))
    moments = [
        moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") if moment else ""
        for moment in (row.sent_at, row.replied_at)
    ]
    return [row.name, row.phone or "", status, reason, *moments]
