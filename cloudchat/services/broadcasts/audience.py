"""Who is meant: labels, a filter, chosen contacts, numbers, a file; checked, then read in batches."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Broadcast, Contact, ContactIdentity, ContactLabel, Device, Label
from cloudchat.services import contact_file, contact_rows, files, labels
from cloudchat.services.broadcasts.rules import LIMIT
from cloudchat.services.contact_file import Column, Table
from cloudchat.services.contacts import normalize_phone
from cloudchat.services.searching import contact_matches
from cloudchat.tenancy import current_organization_id

BY_NUMBER = ("wa_official", "wa_device")  # a phone number is enough to write to somebody
MAX_IDS = 10_000
MAX_GIVEN = 50  # variables that come along with one number
LONGEST_VALUE = 1000


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


# --- what was asked for ------------------------------------------------------------------------


def checked(wanted: dict[str, Any]) -> dict[str, Any]:
    """The audience as it is kept. Foreign and unknown ids refuse all of it. Raises Invalid, NotFound."""
    made: dict[str, Any] = {}
    if wanted.get("labels"):
        made["labels"] = sorted({label.id for label in labels.find(wanted["labels"])})
    if ids := sorted(set(wanted.get("contact_ids") or ())):
        _check_contacts(ids)
        made["contact_ids"] = ids
    if wanted.get("all_contacts"):
        made["all_contacts"] = True
    if narrowed := _checked_filter(wanted.get("filter") or {}):
        made["filter"] = narrowed
    if wanted.get("phones"):
        made["phones"] = [_plain(item) for item in wanted["phones"]]
    if not made and not wanted.get("file"):
        raise Invalid("audience", fields={"audience": ["broadcast_no_audience"]})
    return made


def _check_contacts(ids: list[int]) -> None:
    if len(ids) > MAX_IDS:
        raise Invalid("audience", fields={"audience.contact_ids": ["too_many"]})
    found = db.session.scalar(select(func.count(Contact.id)).where(Contact.id.in_(ids)))
    if found != len(ids):
        raise NotFound("contact")


def _checked_filter(wanted: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if q := (wanted.get("q") or "").strip():
        made["q"] = q[:200]
    if wanted.get("label"):
        made["label"] = labels.find([wanted["label"]])[0].id
    return made


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    given = {
        str(key)[:60]: str(value)[:LONGEST_VALUE]
        for key, value in islice((item.get("variables") or {}).items(), MAX_GIVEN)
        if isinstance(value, str | int | float)
    }
    made = {"phone": str(item["phone"])[:60], "name": (item.get("name") or "")[:255], "variables": given}
    return {key: value for key, value in made.items() if value}


def file_of(key: str) -> Table:
    """An uploaded list of this organization. Raises Invalid, NotFound."""
    if key.partition("/")[0] != str(current_organization_id()):
        raise NotFound("file")
    try:
        return _as_list(contact_file.read(files.path_of(key).read_bytes()))
    except FileNotFoundError:
        raise NotFound("file", code="import_file_gone") from None


def _as_list(table: Table) -> Table:
    """An address is a value like others here: two numbers may share it. Labels change nothing."""
    read_as = {"email": "field", "labels": "skip"}
    columns = [Column(one.header, read_as.get(one.target, one.target)) for one in table.columns]
    return Table(columns, table.records, table.has_header)


def size_of(audience: dict[str, Any], table: Table | None) -> int:
    """How many candidates there are at most. Raises Invalid beyond the limit."""
    size = len(audience.get("phones", ())) + (len(table.records) if table else 0)
    criterion = _contacts_meant(audience)
    if criterion is not None:
        inner = select(Contact.id).where(criterion).limit(LIMIT + 1).subquery()
        size += db.session.scalar(select(func.count()).select_from(inner))
    if size > LIMIT:
        raise Invalid("audience", fields={"audience": ["broadcast_too_many"]})
    return size


def _contacts_meant(audience: dict[str, Any]) -> ColumnElement[bool] | None:
    if audience.get("all_contacts"):
        return Contact.id > 0
    ways = []
    if audience.get("contact_ids"):
        ways.append(Contact.id.in_(audience["contact_ids"]))
    if audience.get("labels"):
        ways.append(_labelled(audience["labels"]))
    if narrowed := audience.get("filter"):
        both = [contact_matches(narrowed["q"])] if narrowed.get("q") else []
        if narrowed.get("label"):
            both.append(_labelled([narrowed["label"]]))
        ways.append(both[0] if len(both) == 1 else both[0] & both[1])
    return or_(*ways) if ways else None


def _labelled(label_ids: list[int]) -> ColumnElement[bool]:
    inner = select(ContactLabel.contact_id).join(Label, Label.id == ContactLabel.label_id)
    return Contact.id.in_(inner.where(Label.id.in_(label_ids)))


# --- reading it --------------------------------------------------------------------------------


def batch(row: Broadcast, device: Device, size: int) -> tuple[list[Someone], dict[str, Any] | None]:
    """The next candidates and the position behind them; None as the position where it ends."""
    position = dict(row.position)
    criterion = _contacts_meant(row.audience)
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


def preview_of_file(content: bytes) -> dict[str, Any]:
    """An uploaded list: kept, and what stands in it. Raises Invalid, PayloadTooLarge."""
    table = _as_list(contact_file.read(content))
    counts = {"good": 0, "duplicates": 0, "bad": 0}
    shown, problems = [], []
    if not any(column.target == "phone" for column in table.columns):
        raise Invalid("file", fields={"file": ["broadcast_file_no_phone"]})
    for row in contact_rows.check(table.records, table.columns):
        if row.is_good and row.phone:
            counts["good"] += 1
            if len(shown) < 10:
                shown.append({"line": row.line, "phone": row.phone, "name": row.name, "fields": row.fields})
            continue
        counts["duplicates" if row.is_duplicate else "bad"] += 1
        found = row.problems[0] if row.problems else None
        code = found.code if found else "phone_invalid"
        problems.append([row.line, code, found.column if found else "", found.value if found else ""])
    columns = [column.header for column in table.columns if column.target == "field"]
    return {
        "file": files.keep(content),
        "total": len(table.records),
        **counts,
        "columns": columns,
        "rows": shown,
        "problems": problems[:200],
    }
