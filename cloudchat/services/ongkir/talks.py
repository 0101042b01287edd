"""The bot's talk about shipping costs: what was said is kept, what is missing is asked, one name of
several is offered as choices. The answer itself comes by a job, since a provider may take seconds.

`take` runs under the conversation's lock, in the transaction that keeps the customer's message.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import select, update

from cloudchat import events
from cloudchat.clients.rajaongkir import COURIERS, Rate
from cloudchat.extensions import db, now
from cloudchat.models import Chatbot, ChatbotInteraction, ChatbotTalk, Conversation, OngkirTalk, Organization
from cloudchat.services import bot_says, bot_talks
from cloudchat.services import conversations as activity
from cloudchat.services.ongkir import accounts, quotes, wording
from cloudchat.services.ongkir.parsing import Question, parse, parse_reply
from cloudchat.services.ongkir.targets import target
from cloudchat.tenancy import current_organization_id

KEPT = timedelta(hours=1)  # of silence; then a question stands alone again
LATE = timedelta(seconds=20)  # after this the sweeper takes an answer for lost
MOST_TRIES = 3
FIELDS = ("origin", "destination", "weight_grams", "couriers")
ANSWERS = {"origin": "origin", "destination": "destination", "weight": "weight_grams"}  # by what was asked
_END = re.compile(
    r"\b(ga jadi|gak jadi|nggak jadi|tidak jadi|gajadi|batal|udah cukup|sudah cukup|nanti aja)\b", re.I
)
_FOLLOW = re.compile(
    r"^\W*(kalau|kalo|klo|kl|ke|yg|yang|trus|terus|lalu|coba|pakai|pake|via|dan|sama)\b", re.I
)
_CHEAPEST = re.compile(r"\b(termurah|paling murah|murah aja|yg murah|yang murah)\b", re.I)
_FASTEST = re.compile(r"\b(tercepat|paling cepa?e?t|yg cepa?e?t|yang cepa?e?t|cepa?e?t aja)\b", re.I)


@dataclass(frozen=True)
class Reply:
    """What the bot says at once: nothing where the answer is on its way."""

    text: str | None = None
    choices: tuple[str, ...] = ()
    calls_human: bool = False


def take(row: Conversation, text: str, locale: str) -> Reply | None:
    """The bot's move if this is about shipping costs, else None."""
    settings = accounts.get()
    if not accounts.is_ready(settings):
        return None
    talk = db.session.get(OngkirTalk, row.id, populate_existing=True)
    fresh = talk is not None and now() - talk.updated_at < KEPT
    if fresh and (talk.asked or talk.due_at) and _END.search(text):
        talk.slots, talk.asked, talk.due_at = {}, None, None
        return Reply(wording.say("ended", locale))
    if fresh and talk.quote and not talk.asked:
        sorted_out = _from_last_quote(talk.quote, text, locale)
        if sorted_out is not None:
            return Reply(sorted_out)
    slots = _slots(talk if fresh else None, text)
    if slots is None:
        if talk is not None:
            talk.asked = None
        return None
    if talk is None:
        talk = OngkirTalk(conversation_id=row.id)
        db.session.add(talk)
    talk.updated_at, talk.due_at, talk.tries = now(), None, 0
    return _move(talk, slots, bool(quotes.own_origin(settings)), locale)


# --- what is known now ---------------------------------------------------------------------------


def _slots(talk: OngkirTalk | None, text: str) -> dict[str, Any] | None:
    """What is known with this message; None where it is about something else."""
    found = parse(text)
    asked = talk.asked if talk is not None else None
    if found.is_ongkir_question and (found.destination or not asked):
        # "jne ke solo 2kg" asks by itself, and is an answer: what was said before it still holds
        answers = asked in ANSWERS and getattr(found, ANSWERS[asked])
        return _merged(talk.slots, _of(found)) if answers else _of(found)
    if asked and asked.startswith("choice:"):
        chosen = _pick(talk.slots.get("choices", []), text)
        if chosen:
            return {**_merged(talk.slots, _only(found, "weight_grams", "couriers")), asked[7:]: chosen}
        asked = asked[7:]
    if asked:
        replied = _of(parse_reply(text, asked))
        return _merged(talk.slots, replied) if any(replied.values()) else None
    follows = talk is not None and talk.quote and _FOLLOW.search(text) and len(text.split()) <= 8
    if follows and any(_of(found).values()):
        return _merged(talk.slots, _of(found))
    return None


def _of(found: Question) -> dict[str, Any]:
    return {name: getattr(found, name) for name in FIELDS}


def _only(found: Question, *names: str) -> dict[str, Any]:
    return {name: getattr(found, name) for name in names}


def _merged(slots: dict, further: dict) -> dict[str, Any]:
    return {name: further.get(name) or slots.get(name) for name in FIELDS}


def _pick(choices: list[str], text: str) -> str | None:
    """The choice that is meant by a tap, a number, "yang kota", or a name."""
    said = " ".join(text.lower().split())
    number = re.match(r"(?:no\.? ?|nomor )?(\d{1,2})(?:[.)\s]|$)", said)
    if number and 1 <= int(number[1]) <= len(choices) and not re.match(r"\d+ ?(kg|kilo|gr|g|ons)\b", said):
        return choices[int(number[1]) - 1]
    for word, start in (("kota", "Kota "), ("kab", "Kabupaten ")):
        of_kind = [choice for choice in choices if choice.startswith(start)]
        if len(of_kind) == 1 and re.search(rf"\b{word}", said):
            return of_kind[0]
    near = process.extractOne(
        said, [choice.lower() for choice in choices], scorer=fuzz.WRatio, score_cutoff=88
    )
    return choices[near[2]] if near and len(said) > 3 else None


def _from_last_quote(quote: dict, text: str, locale: str) -> str | None:
    """ "yang paling murah aja": the last answer in another order; nothing is asked anew."""
    rates = [Rate(**row) for row in quote["rates"]]
    if len(text) > 60 or not rates or parse(text).destination:
        return None
    if _CHEAPEST.search(text):
        return wording.say("cheapest", locale, row=wording.row(rates[0], locale))
    if _FASTEST.search(text):
        fastest = min(rates, key=lambda rate: (wording.days(rate.etd), rate.cost))
        return wording.say("fastest", locale, row=wording.row(fastest, locale))
    return None


# --- the next move -------------------------------------------------------------------------------


def _move(talk: OngkirTalk, slots: dict[str, Any], has_origin: bool, locale: str) -> Reply:
    """Ask for what is missing or vague, or let the answer be looked up."""
    talk.slots, talk.asked = slots, None
    places = ("destination", "origin") if slots.get("origin") or not has_origin else ("destination",)
    for name in places:
        if not slots.get(name):
            return _ask(talk, name, wording.say(name, locale))
        found = target(slots[name])
        if found.choices:
            talk.slots = {**slots, "choices": list(found.choices)}
            return _ask(
                talk, f"choice:{name}", wording.say("which", locale, place=slots[name]), found.choices
            )
        if found.area is None and not found.words:
            said = wording.say("narrower", locale, place=slots[name])
            talk.slots = {**slots, name: None}
            return _ask(talk, name, said)
    if not slots.get("weight_grams"):
        return _ask(talk, "weight", wording.say("weight", locale))
    if slots["weight_grams"] > quotes.HEAVIEST:
        return Reply(wording.say("too_heavy", locale), calls_human=True)
    talk.due_at = now()
    events.publish(events.OngkirDue(current_organization_id(), talk.conversation_id))
    return Reply()


def _ask(talk: OngkirTalk, what: str, text: str, choices: tuple[str, ...] = ()) -> Reply:
    talk.asked = what
    return Reply(text, choices)


# --- the answer ----------------------------------------------------------------------------------


def answer(conversation_id: int) -> None:
    """Look the cost up and tell the customer, once, however often this runs; commits."""
    talk = db.session.get(OngkirTalk, conversation_id, populate_existing=True)
    if talk is None or talk.due_at is None:
        return
    due_at, slots = talk.due_at, dict(talk.slots)
    talk.tries += 1
    tries = talk.tries
    db.session.commit()
    quote = quotes.Quote("failed", weight=slots["weight_grams"], destination=slots["destination"])
    if tries <= MOST_TRIES:
        asked = quotes.Asked(
            slots.get("origin"), slots["destination"], slots["weight_grams"], _wanted(slots.get("couriers"))
        )
        quote = quotes.ask(asked, "chat", conversation_id)
    _tell(conversation_id, due_at, slots, quote)
    db.session.commit()


def _wanted(couriers: list[str] | None) -> tuple[str, ...]:
    """Of the couriers that were asked for, those that the organization sends with; none: all of its own."""
    enabled = accounts.get().enabled_couriers
    return tuple(code for code in couriers or () if code in enabled)


def _tell(conversation_id: int, due_at: datetime, slots: dict, quote: quotes.Quote) -> None:
    """Say it, unless the customer has asked something else since, or a human has come."""
    row = db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(of=Conversation)
        .execution_options(populate_existing=True)
    )
    talk = db.session.get(OngkirTalk, conversation_id, populate_existing=True)
    if row is None or talk is None or talk.due_at != due_at:
        return
    talk.due_at = None
    if not _may_speak(row):
        return
    locale = (
        db.session.scalar(select(Organization.locale).where(Organization.id == row.organization_id)) or "id"
    )
    text = _text(slots, quote, locale)
    if quote.status == "ok":
        talk.quote = {"rates": [rate.__dict__ for rate in wording.for_parcels(quote.rates)[:20]]}
    elif quote.status == "place_unknown":
        talk.slots, talk.asked = {**slots, "destination": None}, "destination"
    elif quote.status != "no_service":
        flag(row, "ongkir")
    bot_says.say(row, text)
    waiting = select(ChatbotInteraction.id).where(
        ChatbotInteraction.conversation_id == conversation_id,
        ChatbotInteraction.outcome == "ongkir",
        ChatbotInteraction.answer.is_(None),
    )
    db.session.execute(
        update(ChatbotInteraction).where(ChatbotInteraction.id.in_(waiting)).values(answer=text)
    )


def _may_speak(row: Conversation) -> bool:
    talk = db.session.get(ChatbotTalk, row.id, populate_existing=True)
    bot = db.session.get(Chatbot, talk.bot_id) if talk is not None else None
    if bot is None or row.assignee_id is not None or row.status != "open" or not bot_says.can_speak(row):
        return False
    return bot.is_active and not bot_talks.is_silent(row, talk, bot)


def _text(slots: dict, quote: quotes.Quote, locale: str) -> str:
    destination, weight = wording.titled(slots["destination"]), wording.weight(slots["weight_grams"], locale)
    if quote.status in ("no_service", "place_unknown"):
        return wording.say(quote.status, locale, destination=destination, weight=weight)
    if quote.status != "ok":
        return wording.say("failed", locale)
    text = wording.answer(quote.rates, quote.origin, destination, slots["weight_grams"], locale)
    couriers = slots.get("couriers") or []
    left_out = [code for code in couriers if code not in COURIERS or code not in _wanted(couriers)]
    if left_out:
        text = wording.say("unsupported", locale, couriers=wording.courier_names(left_out)) + "\n" + text
    return text


def flag(row: Conversation, reason: str) -> None:
    """A human has to look; the reason stands in the conversation."""
    if not row.needs_human:
        row.needs_human = True
        activity.log(row, "needs_human", None, reason=reason)
        activity.changed(row, None, {"needs_human": True})


def late() -> list[tuple[int, int]]:
    """(organization, conversation) of answers that seem to be lost; across organizations."""
    due = select(OngkirTalk.organization_id, OngkirTalk.conversation_id).where(
        OngkirTalk.due_at < now() - LATE
    )
    return [tuple(found) for found in db.session.execute(due.order_by(OngkirTalk.due_at).limit(500))]
