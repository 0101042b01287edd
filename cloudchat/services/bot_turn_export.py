"""A bot's turns as rows of a file, read in pages of short queries, so that memory stays constant."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from cloudchat.extensions import db
from cloudchat.services import accounts, audit, bot_settings
from cloudchat.services.accounts import Identity
from cloudchat.services.bot_reports import Asked
from cloudchat.services.contact_export import Cell
from cloudchat.services.statements import run
from cloudchat.tenancy import acting_as

BATCH = 100  # read in a millisecond of the process: others wait no longer

_PAGE = """
    select i.*, q.question as pair
    from chatbot_interactions i
    left join chatbot_qa q on q.organization_id = i.organization_id and q.id = i.matched_qa_id
    where i.organization_id = %(organization_id)s and i.bot_id = %(bot_id)s
      and i.created_at >= %(start)s and i.created_at < %(finish)s
      and (i.created_at, i.id) > (%(after_at)s, %(after_id)s)
    order by i.created_at, i.id limit %(limit)s
"""


def record(wanted: Asked, kind: str) -> None:
    """Note in the audit log that turns leave the house."""
    bot = bot_settings.get(wanted.bot_id)
    audit.record("turns.exported", bot, name=bot.name, kind=kind)
    db.session.commit()


def rows(identity: Identity, wanted: Asked, outcomes: dict[str, str]) -> Iterator[list[Cell]]:
    """One row for each turn, oldest first; `outcomes` are the words for what the bot did.

    A response is sent after the request has left its organization, so each page enters it anew, and
    asks whether the reader may still have it. Raises Forbidden, which breaks the file off.
    """
    zone, values = ZoneInfo(wanted.timezone), wanted.values()
    after_at, after_id = values["start"], 0
    while True:
        accounts.check_still(identity, "manager")
        with acting_as(identity.organization_id):
            found = run(_PAGE, after_at=after_at, after_id=after_id, limit=BATCH, **values)
            db.session.rollback()  # gives the connection back while the reader takes its time
        yield from (_row(row, zone, outcomes) for row in found)
        if len(found) < BATCH:
            return
        after_at, after_id = found[-1].created_at, found[-1].id


def _row(row, zone: ZoneInfo, outcomes: dict[str, str]) -> list[Cell]:
    return [
        row.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        _or_blank(row.conversation_id),
        row.question,
        row.answer or "",
        outcomes.get(row.outcome, row.outcome),
        row.pair or "",
        "" if row.confidence_score is None else float(row.confidence_score),
        _or_blank(row.response_time_ms),
        int(row.was_escalated),
        row.reason or "",
        _or_blank(row.user_rating),
    ]


def _or_blank(number: int | None) -> Cell:
    return "" if number is None else number
