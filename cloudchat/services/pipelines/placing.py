"""Where a card stands in its column: a text key between those of its neighbours, so that a move
rewrites one row. Two cards with the same key stand in the order of their ids."""

from dataclasses import dataclass

from fractional_indexing import BASE_62_DIGITS, generate_key_between, generate_n_keys_between
from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Conversation


@dataclass(frozen=True)
class Column:
    """A stage as a place for cards; both ids, so that the index on (pipeline, stage, key) serves."""

    pipeline_id: int
    stage_id: int


def _keys(column: Column, leaving_out: int):
    """Keys of the column's other cards."""
    return select(Conversation.pipeline_position).where(
        Conversation.pipeline_id == column.pipeline_id,
        Conversation.pipeline_stage_id == column.stage_id,
        Conversation.id != leaving_out,
    )


def first_key(column: Column, card_id: int) -> str:
    """A key above all others."""
    lowest = db.session.scalar(_keys(column, card_id).order_by(Conversation.pipeline_position).limit(1))
    return generate_key_between(None, lowest)


def last_key(column: Column, card_id: int) -> str:
    """A key below all others."""
    order = Conversation.pipeline_position.desc()
    highest = db.session.scalar(_keys(column, card_id).order_by(order).limit(1))
    return generate_key_between(highest, None)


def keys_at_top(column: Column, count: int) -> list[str]:
    """Keys above all others for cards that come together."""
    lowest = db.session.scalar(_keys(column, 0).order_by(Conversation.pipeline_position).limit(1))
    return generate_n_keys_between(None, lowest, count)


def keys_of_newcomers(column: Column, ids: list[int]) -> dict[int, str]:
    """Keys above all others, the last id's on top, for cards that come while nobody holds the stage:
    each ends with the card's own number, so that two comings at once never meet in one key."""
    keys = keys_at_top(column, len(ids) + 1)[-2::-1]  # not the lowest: the next card's may begin like it
    return {card_id: key + _digits(card_id) for card_id, key in zip(ids, keys, strict=True)}


def _digits(number: int) -> str:
    """Six digits of the keys' own alphabet and a last one, because a key never ends with a zero."""
    found = ""
    for _ in range(6):
        number, digit = divmod(number, len(BASE_62_DIGITS))
        found = BASE_62_DIGITS[digit] + found
    return found + "1"


def key_for(
    column: Column, card_id: int, before_id: int | None, after_id: int | None, place: str = "end"
) -> str:
    """The key of a place as the neighbours stand now; the caller holds the stage's lock.

    A neighbour that is gone or has moved away does not count; with none left it is the column's
    end, or its top where `place` says so.
    """
    known = _known(column, card_id, [before_id, after_id])
    above, below = known.get(after_id), known.get(before_id)
    if above is not None and below is not None:
        above = min(above, below)  # whichever of the two stands higher: the card goes right under it
    if above is not None:
        return generate_key_between(above, _next(column, card_id, above))
    if below is not None:
        return generate_key_between(_previous(column, card_id, below), below)
    return first_key(column, card_id) if place == "top" else last_key(column, card_id)


def _known(column: Column, card_id: int, ids: list[int | None]) -> dict[int | None, str]:
    rows = db.session.execute(
        select(Conversation.id, Conversation.pipeline_position).where(
            Conversation.id.in_([item for item in ids if item and item != card_id]),
            Conversation.pipeline_stage_id == column.stage_id,
        )
    )
    return {row.id: row.pipeline_position for row in rows}


def _next(column: Column, card_id: int, key: str) -> str | None:
    later = _keys(column, card_id).where(Conversation.pipeline_position > key)
    return db.session.scalar(later.order_by(Conversation.pipeline_position).limit(1))


def _previous(column: Column, card_id: int, key: str) -> str | None:
    earlier = _keys(column, card_id).where(Conversation.pipeline_position < key)
    return db.session.scalar(earlier.order_by(Conversation.pipeline_position.desc()).limit(1))


def stands_there(card: Conversation, before_id: int | None, after_id: int | None) -> bool:
    """Is it already where these neighbours say? Then a move within its column changes nothing."""
    if card.pipeline_stage_id is None or card.pipeline_position is None:
        return False
    column, key = Column(card.pipeline_id, card.pipeline_stage_id), card.pipeline_position
    known = _known(column, card.id, [before_id, after_id])
    above, below = known.get(after_id), known.get(before_id)
    if above is None and below is None:
        return before_id is None and after_id is None
    keys = [item for item in (above, below) if item is not None]
    if len(keys) == 2:
        return min(keys) < key < max(keys) and not _between(column, card.id, min(keys), max(keys))
    if above is not None:
        return above < key and not _between(column, card.id, above, key)
    return key < keys[0] and not _between(column, card.id, key, keys[0])


def _between(column: Column, card_id: int, low: str, high: str) -> int:
    found = _keys(column, card_id).where(
        Conversation.pipeline_position > low, Conversation.pipeline_position < high
    )
    return db.session.scalar(select(func.count()).select_from(found.limit(1).subquery())) or 0
