"""Before it goes out: what some recipients would read, and the same as a message to oneself."""

from typing import Any

from sqlalchemy import select

from cloudchat.errors import AppError, Invalid
from cloudchat.extensions import db
from cloudchat.models import Broadcast, BroadcastRecipient, Contact, Conversation
from cloudchat.services import activity, addressing, devices, outbound
from cloudchat.services.addressing import Sender
from cloudchat.services.broadcasts import texts
from cloudchat.services.broadcasts.audience import BY_NUMBER
from cloudchat.services.broadcasts.catalog import get
from cloudchat.services.contacts import normalize_phone

SHOWN = 10


def preview(broadcast_id: int) -> list[dict[str, Any]]:
    """The first recipients, each with the text for them or the variables that they lack.
    Raises what stands in the way of the template itself."""
    row = get(broadcast_id)
    text = texts.load(devices.get(row.device_id), row.template_id)
    people = db.session.scalars(
        select(BroadcastRecipient)
        .where(BroadcastRecipient.broadcast_id == row.id)
        .order_by(BroadcastRecipient.id)
        .limit(SHOWN)
    ).all()
    return [_shown(row, text, one) for one in people]


def _shown(row: Broadcast, text: texts.Text, one: BroadcastRecipient) -> dict[str, Any]:
    made = {"id": one.id, "name": one.name, "phone": one.phone, "text": None, "header": None, "missing": []}
    contact = db.session.get(Contact, one.contact_id) if one.contact_id else None
    person = texts.person_of(contact, one.name, one.phone, one.variables)
    keys = [field["key"] for field in text.fields()]
    try:
        _, made["text"], payload = text.fill(texts.variables_for(person, row.variables, keys))
        made["header"] = (payload.get("template_parts") or {}).get("header")
    except Invalid as error:
        made["missing"] = sorted(name.removeprefix("variables.") for name in error.fields)
    return made


def sentence_of(row: Broadcast) -> str | None:
    """Why it could not start now, as a machine word."""
    try:
        device = devices.get(row.device_id)
        texts.load(device, row.template_id)
        texts.check_device(device)
    except AppError as error:
        return next((codes[0] for codes in error.fields.values()), error.code)
    return None


def send_to(broadcast_id: int, phone: str, user_id: int | None) -> dict[str, Any]:
    """A test to a number of one's own, filled as for the first recipient. Raises Invalid, Conflict."""
    row = get(broadcast_id)
    device = devices.get(row.device_id)
    text = texts.load(device, row.template_id)
    texts.check_device(device)
    if device.type not in BY_NUMBER:
        raise Invalid("device", fields={"phone": ["broadcast_test_by_number"]})
    number = normalize_phone(phone)
    first = db.session.scalar(
        select(BroadcastRecipient)
        .where(BroadcastRecipient.broadcast_id == row.id)
        .order_by(BroadcastRecipient.id)
        .limit(1)
    )
    contact = db.session.get(Contact, first.contact_id) if first and first.contact_id else None
    given = (first.name, first.phone, first.variables) if first else ("", number, {})
    person = texts.person_of(contact, *given)
    keys = [field["key"] for field in text.fields()]
    kind, said, payload = text.fill(texts.variables_for(person, row.variables, keys))
    sender = Sender(device.id, number.lstrip("+"), None, number)
    place = addressing.places_of([sender], status="pending")[sender.key]
    conversation = db.session.get(Conversation, place.conversation_id, populate_existing=True)
    if kind != "template" and not activity.window_is_open(conversation, device.type):
        raise Invalid("window", fields={"phone": ["window_closed"]})
    message = outbound.add(conversation, "agent", said, sender_id=user_id, kind=kind, payload=payload)
    db.session.commit()
    return message
