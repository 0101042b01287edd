"""Who is meant: labels, filters, chosen contacts, numbers, a file. Who that is: candidates.py."""

from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Contact, ContactLabel, Label
from cloudchat.services import contact_file, contact_filters, contact_rows, files, labels
from cloudchat.services.broadcasts.rules import LIMIT
from cloudchat.services.contact_file import Column, Table
from cloudchat.services.searching import contact_matches
from cloudchat.tenancy import current_organization_id

BY_NUMBER = ("wa_official", "wa_device")  # a phone number is enough to write to somebody
MAX_IDS = 10_000
MAX_GIVEN = 50  # variables that come along with one number
LONGEST_VALUE = 1000


# --- what was asked for ------------------------------------------------------------------------


def checked(wanted: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """The audience as it is kept. Foreign and unknown ids refuse all of it, except kept filters that are
    gone since the audience `before`. Raises Invalid, NotFound."""
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
    if ids := sorted(set(wanted.get("saved_filters") or ())):
        made["saved_filters"] = _copies(ids, (before or {}).get("saved_filters", []))
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


def _copies(ids: list[int], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Kept filters as they are now: who deletes one changes no broadcast."""
    known = {one["id"]: one for one in before}
    for row in contact_filters.all_filters():
        known[row.id] = {"id": row.id, "name": row.name, "q": row.q, "label": row.label_id}
    if not known.keys() >= set(ids):
        raise NotFound("contact filter")
    return [{key: value for key, value in known[one].items() if value} for one in ids]


def is_living(audience: dict[str, Any]) -> bool:
    """May others be meant tomorrow than today?"""
    return any(audience.get(way) for way in ("all_contacts", "labels", "filter", "saved_filters"))


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
    criterion = contacts_meant(audience)
    if criterion is not None:
        inner = select(Contact.id).where(criterion).limit(LIMIT + 1).subquery()
        size += db.session.scalar(select(func.count()).select_from(inner))
    if size > LIMIT:
        raise Invalid("audience", fields={"audience": ["broadcast_too_many"]})
    return size


def contacts_meant(audience: dict[str, Any]) -> ColumnElement[bool] | None:
    if audience.get("all_contacts"):
        return Contact.id > 0
    ways = []
    if audience.get("contact_ids"):
        ways.append(Contact.id.in_(audience["contact_ids"]))
    if audience.get("labels"):
        ways.append(_labelled(audience["labels"]))
    if narrowed := audience.get("filter"):
        ways.append(_filtered(narrowed))
    ways += [_filtered(kept) for kept in audience.get("saved_filters", ())]
    return or_(*ways) if ways else None


def _filtered(by: dict[str, Any]) -> ColumnElement[bool]:
    """Words, a label, or both at once."""
    criteria = [contact_matches(by["q"])] if by.get("q") else []
    if by.get("label"):
        criteria.append(_labelled([by["label"]]))
    return and_(*criteria)


def _labelled(label_ids: list[int]) -> ColumnElement[bool]:
    inner = select(ContactLabel.contact_id).join(Label, Label.id == ContactLabel.label_id)
    return Contact.id.in_(inner.where(Label.id.in_(label_ids)))


def keep_file(content: bytes) -> dict[str, Any]:
    """An uploaded list: kept, and what stands in it. Raises Invalid, PayloadTooLarge."""
    table = _as_list(contact_file.read(content))
    if not any(column.target == "phone" for column in table.columns):
        raise Invalid("file", fields={"file": ["broadcast_file_no_phone"]})
    return {"file": files.keep(content), **_preview(table)}


def look_into(key: str) -> dict[str, Any]:
    """The same of a list that was kept before. Raises Invalid, NotFound."""
    return {"file": key, **_preview(file_of(key))}


def _preview(table: Table) -> dict[str, Any]:
    counts = {"good": 0, "duplicates": 0, "bad": 0}
    shown, problems = [], []
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
        "total": len(table.records),
        **counts,
        "columns": columns,
        "rows": shown,
        "problems": problems[:200],
    }
