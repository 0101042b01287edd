"""A column of the board as a file: all of it, in pages of short queries."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from cloudchat.services.accounts import Identity
from cloudchat.services.pipelines import board
from cloudchat.services.pipelines.board import Filter
from cloudchat.tenancy import acting_as

BATCH = 500


def rows(
    identity: Identity, pipeline_id: int, stage_id: int, wanted: Filter, sort: str
) -> Iterator[list[str]]:
    """One row for each card. A response is sent after the request has left its organization, so each
    page enters it anew."""
    zone, after = ZoneInfo(identity.timezone), None
    while True:
        with acting_as(identity.organization_id):
            found = board.more(identity, pipeline_id, stage_id, wanted, sort, after, BATCH)
        for card in found.cards:
            yield _row(card, found.stage.name, zone)
        after = found.after
        if after is None:
            return


def _row(card: dict, stage: str, zone: ZoneInfo) -> list[str]:
    def local(text: str | None) -> str:
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M") if text else ""

    return [
        str(card["id"]),
        card["contact"]["name"],
        stage,
        card["assignee"]["name"] if card["assignee"] else "",
        ", ".join(card["labels"]),
        "" if card["deal_value"] is None else str(card["deal_value"]),
        card["lost_reason"] or "",
        card["status"],
        local(card["stage_changed_at"]),
        card["last_message"]["text"],
        local(card["last_message"]["at"]),
    ]
