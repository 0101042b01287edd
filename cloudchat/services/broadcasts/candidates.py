"""Candidates for the list of recipients: whoever an audience names, read in batches."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Broadcast, Contact, ContactIdentity, Device
from cloudchat.services import contact_rows
from cloudchat.services.broadcasts.audience import BY_NUMBER, contacts_meant, file_of
from cloudchat.services.contacts import normalize_phone


@dataclass
class Someone:
    """One candidate: how the device reaches them, or why it cannot."""

    key: str
    external_id: str = ""
    contact_id: int | None = None
    phone: str | None = None
    name: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None


def batch(row: Broadcast, device: Device, size: int) -> tuple[list[Someone], dict[str, Any] | None]:
    """The next candidates and the position behind them; None as the position where it ends."""
    position = dict(row.position)
    criterion = contacts_meant(row.audience)
    if criterion is not None and not position.get("contacts_done"):
        statement = (
            select(Contact).where(criterion, Contact.id > position.get("contact", 0)).order_by(Contact.id)
        )
        found = db.session.scalars(statement.limit(size)).all()
        if found:
            position["contact"] = found[-1].id
        position["contacts_done"] = len(found) < size
        return _from_contacts(found, device), position
    phones = row.audience.get("phones", [])
    begin = position.get("phone", 0)
    if begin < len(phones):
        position["phone"] = begin + size
        numbers = [_number(item) for item in phones[begin : begin + size]]
        return _from_numbers(numbers, device), position
    return _from_file(row, device, size, position)


def _from_file(
    row: Broadcast, device: Device, size: int, position: dict
) -> tuple[list[Someone], dict[str, Any] | None]:
    if not row.file_key:
        return [], None
    table = file_of(row.file_key)
    begin = position.get("line", 0)
    # Who stands in the file twice is found by the list itself, which has each number once
    rows = list(contact_rows.check(table.records[begin : begin + size], table.columns))
    if not rows:
        return [], None
    position["line"] = begin + size
    numbers = []
    for item in rows:
        if item.is_good and item.phone:
            numbers.append((item.phone, item.name, item.fields, None))
        elif item.is_duplicate:
            position["repeated"] = position.get("repeated", 0) + 1
        else:
            position["bad"] = position.get("bad", 0) + 1
    return _from_numbers(numbers, device), position


def _number(item: dict[str, Any]) -> tuple[str, str, dict, str | None]:
    try:
        phone, problem = normalize_phone(item.get("phone", "")), None
    except Invalid:
        phone, problem = item.get("phone", ""), "phone_invalid"
    return phone, item.get("name", ""), item.get("variables", {}), problem


def _from_contacts(found: list[Contact], device: Device) -> list[Someone]:
    known = _identities([contact.id for contact in found], device.id)
    return [_someone(device, known.get(contact.id), contact) for contact in found]


def _from_numbers(numbers: list[tuple], device: Device) -> list[Someone]:
    phones = {phone for phone, _, _, problem in numbers if not problem}
    found: dict[str, Contact] = {}
    for contact in db.session.scalars(
        select(Contact).where(Contact.phone.in_(phones)).order_by(Contact.id.desc())
    ):
        found[contact.phone] = contact  # of several with one number the oldest is meant
    known = _identities([contact.id for contact in found.values()], device.id)
    made = []
    for phone, name, given, problem in numbers:
        if problem:
            made.append(Someone(f"bad:{phone}"[:255], phone=phone[:32], name=name, problem=problem))
            continue
        contact = found.get(phone)
        one = _someone(device, known.get(contact.id) if contact else None, contact, phone)
        one.name, one.variables = name or one.name, given
        made.append(one)
    return made


def _identities(contact_ids: list[int], device_id: int) -> dict[int, str]:
    """How the device knows each contact."""
    rows = db.session.execute(
        select(ContactIdentity.contact_id, ContactIdentity.external_id)
        .where(ContactIdentity.contact_id.in_(contact_ids), ContactIdentity.device_id == device_id)
        .order_by(ContactIdentity.id.desc())
    )
    return dict(rows.tuples().all())


def _someone(device: Device, external_id: str | None, contact: Contact | None, phone: str = "") -> Someone:
    phone = phone or (contact.phone if contact else None) or ""
    made = Someone("", contact_id=contact.id if contact else None, phone=phone or None)
    made.name = contact.name if contact else ""
    if device.type in BY_NUMBER and phone:
        made.key, made.external_id = phone, external_id or phone.lstrip("+")
    elif external_id:
        made.key, made.external_id = f"id:{external_id}"[:255], external_id
    else:
        made.key, made.problem = f"contact:{contact.id}" if contact else f"bad:{phone}", "no_address"
    return made
