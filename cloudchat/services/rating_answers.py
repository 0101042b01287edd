"""Hearing a rating that was asked for, before it is taken for an ordinary message.

It is kept in the conversation that it is about, which stays as it is: resolved, read, nobody's work.
"""

import re
from dataclasses import dataclass

from sqlalchemy import update

from cloudchat.events import ConversationRated, MessageAdded, publish
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, ConversationRating, Message
from cloudchat.services import activity, bot_ratings, bot_says, outbound, presenting, ratings
from cloudchat.services.arrivals import Incoming, payload_of
from cloudchat.services.bot_ratings import RATINGS
from cloudchat.services.statements import run
from cloudchat.services.visibility import audience_of

_TAP = re.compile(rf"{ratings.CHOICE}([0-9]{{1,10}}):([1-5])")


@dataclass(frozen=True)
class Answer:
    """What may be a rating: tapped on the buttons of one asking, or a number alone (`rating_id` is None)."""

    rating: int
    rating_id: int | None = None


def take(batch: list[Incoming]) -> tuple[list[Incoming], list[dict]]:
    """What is left of a batch, and the outward form of the ratings in it. Part of the caller's
    transaction, inside one organization; without anything like a rating no statement is sent."""
    answers = {item.mark: answer for item in batch if (answer := _read(item))}
    if not answers:
        return batch, []
    askings = _askings([item for item in batch if item.mark in answers], answers)
    known = _known(list(answers))
    left: list[Incoming] = []
    told: list[dict] = []
    for item in batch:
        answer, asking = answers.get(item.mark), askings.get(item.mark)
        if item.mark in known:
            continue  # a repeat: its first one was taken
        wrote_else = any(other.key == item.key and not other.message.echo for other in left)
        if asking is None or (wrote_else and answer.rating_id is None):
            left.append(item)
        elif (kept := _keep(item, answer, asking)) is not None:
            told.append(kept)
        else:
            left.append(item)
    return left, told


def _read(item: Incoming) -> Answer | None:
    message = item.message
    if message.echo or message.silent or message.media or item.upload:
        return None
    if message.choice_id:
        tap = _TAP.fullmatch(message.choice_id)
        return Answer(int(tap[2]), int(tap[1])) if tap else None
    text = (message.text or "").strip()
    return Answer(int(text)) if message.kind == "text" and text in RATINGS else None


# The asking that each answers. A tap names it, and it must be the customer's own; a number alone answers
# the last one while the customer has written nothing else since. The conversations are locked.
_ASKINGS = """
    with given as (
        select * from jsonb_to_recordset(%(rows)s::jsonb) as g(
            place int, device_id int, external_user_id text, rating_id bigint
        )
    )
    select g.place, r.id, r.conversation_id
    from given g
    join contact_identities i on i.organization_id = %(organization_id)s
        and i.device_id = g.device_id and i.external_id = g.external_user_id
    join conversations c on c.organization_id = %(organization_id)s
        and c.contact_id = i.contact_id and c.device_id = g.device_id
    join conversation_ratings r on r.organization_id = %(organization_id)s
        and r.conversation_id = c.id and r.asked_at is not null
    where r.id = g.rating_id or (
        g.rating_id is null and r.rating is null and r.asked_at > %(since)s and c.status = 'resolved'
        and not exists (
            select from conversations o
            where o.organization_id = %(organization_id)s and o.contact_id = c.contact_id
              and o.device_id = c.device_id and (o.status <> 'resolved' or exists (
                  select from messages m
                  where m.organization_id = %(organization_id)s and m.conversation_id = o.id
                    and m.id > r.message_id and m.direction = 'in'
              ))
        )
    )
    order by c.id, r.id
    for no key update of c
"""


def _askings(items: list[Incoming], answers: dict) -> dict:
    """The asking that each item answers, by mark."""
    rows = [
        {
            "place": place,
            "device_id": item.device_id,
            "external_user_id": item.message.external_user_id,
            "rating_id": answers[item.mark].rating_id,
        }
        for place, item in enumerate(items)
    ]
    return {items[row.place].mark: row for row in run(_ASKINGS, rows, since=now() - ratings.PAUSE)}


_KNOWN = """
    select m.device_id, m.external_id
    from messages m
    join jsonb_to_recordset(%(rows)s::jsonb) as g(device_id int, external_id text)
        on m.device_id = g.device_id and m.external_id = g.external_id
    where m.organization_id = %(organization_id)s
"""


def _known(marks: list[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those that we have already; asked under the locks."""
    rows = [{"device_id": device_id, "external_id": external_id} for device_id, external_id in marks]
    return {(row.device_id, row.external_id) for row in run(_KNOWN, rows)}


def _keep(item: Incoming, answer: Answer, asking) -> dict | None:
    """Keep the rating, once, and the message; None where a number answers what was rated meanwhile."""
    rated = db.session.execute(
        update(ConversationRating)
        .where(ConversationRating.id == asking.id, ConversationRating.rating.is_(None))
        .values(rating=answer.rating, rated_at=now())
        .returning(ConversationRating.agent_id, ConversationRating.division_id)
        .execution_options(synchronize_session=False)
    ).first()
    if rated is None and answer.rating_id is None:
        return None
    row = db.session.get(Conversation, asking.conversation_id, populate_existing=True)
    outward = _add(row, item, asking.id)
    if rated is not None:
        activity.log(row, "rated", None, rating=answer.rating)
        publish(ConversationRated(audience_of(row), answer.rating, rated.agent_id, rated.division_id))
        if bot_says.can_speak(row):
            outbound.add(row, "system", ratings.phrase("thanks", bot_ratings.locale_of(row)))
    return outward


def _add(row: Conversation, item: Incoming, rating_id: int) -> dict:
    """Add what the customer wrote or tapped: read by the desk as it comes, and no reason to open."""
    message = item.message
    made = Message(
        conversation_id=row.id,
        device_id=row.device_id,
        direction="in",
        sender_type="contact",
        type=message.kind,
        text=message.text or "",
        payload={**payload_of(message), "rating_id": rating_id},
        status="received",
        external_id=message.external_id,
        occurred_at=message.occurred_at,
        created_at=now(),
        status_at=now(),
    )
    db.session.add(made)
    db.session.flush()
    row.last_message_id, row.last_message_at = made.id, now()
    row.last_message_text = presenting.preview(made.text, made.type)
    row.last_message_direction = "in"
    row.last_inbound_at = max(row.last_inbound_at or message.occurred_at, message.occurred_at)
    if not row.unread_count:
        row.last_read_message_id = made.id
    db.session.flush()
    outward = {**presenting.message(made), "conversation_id": row.id}
    unread = row.unread_count
    publish(MessageAdded(audience_of(row), outward, unread, inbound=False, client_id=item.client_id))
    return outward
