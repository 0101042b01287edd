"""What the form of a broadcast shows of one that exists: to be changed, or to begin another with."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints.broadcast.wording import local_input
from cloudchat.models import Broadcast, Label
from cloudchat.services import contact_filters, edits, files, labels
from cloudchat.services.broadcasts import catalog

MOST_LINES = 2000  # numbers beyond that are kept as they are instead of typed again


def to_change(row: Broadcast) -> dict[str, Any]:
    """All of it, and the version that is changed."""
    moment = local_input(row.scheduled_at) if row.scheduled_at else ""
    own = {"id": row.id, "name": row.name, "scheduled_local": moment}
    return {**_given(row), **own, "version": edits.version_of(catalog.editable(row))}


def to_copy(row: Broadcast) -> dict[str, Any]:
    """All that makes sense a second time."""
    return {**_given(row), "name": row.name}


def _given(row: Broadcast) -> dict[str, Any]:
    wanted = row.audience
    return {
        "device_id": row.device_id,
        "template_id": row.template_id,
        "variables": row.variables,
        "labels": wanted.get("labels", []),
        "saved_filters": [one["id"] for one in wanted.get("saved_filters", ())],
        "all_contacts": wanted.get("all_contacts", False),
        "q": "" if "filter" in _kept(wanted) else (wanted.get("filter") or {}).get("q", ""),
        "phones": "" if "phones" in _kept(wanted) else _lines(wanted.get("phones", [])),
        "kept": _kept(wanted),
        "file_of": row.id if row.file_key and files.path_of(row.file_key).exists() else None,
        "quiet_start": row.quiet_start or "",
        "quiet_end": row.quiet_end or "",
    }


def _lines(phones: list[dict[str, Any]]) -> str:
    return "\n".join(f"{one['phone']}, {one['name']}" if one.get("name") else one["phone"] for one in phones)


def _kept(wanted: dict[str, Any]) -> dict[str, Any]:
    """The parts of an audience that the form has no field for: each stays or goes as a whole."""
    phones = wanted.get("phones", [])
    made = {"contact_ids": wanted["contact_ids"]} if wanted.get("contact_ids") else {}
    if len(phones) > MOST_LINES or any(one.get("variables") for one in phones):
        made["phones"] = phones
    if (wanted.get("filter") or {}).get("label"):
        made["filter"] = wanted["filter"]
    return made


def words_of(kept: dict[str, Any]) -> list[tuple[str, str]]:
    """(part, what it is) for a box to tick."""
    said = []
    if count := len(kept.get("contact_ids", ())):
        said.append(("contact_ids", ngettext("%(num)d chosen contact", "%(num)d chosen contacts", count)))
    if count := len(kept.get("phones", ())):
        words = ngettext("%(num)d number with values", "%(num)d numbers with values", count)
        said.append(("phones", words))
    if by := kept.get("filter"):
        name = next((one.name for one in labels.all_labels() if one.id == by["label"]), "–")
        words = _("Contacts with the label %(label)s", label=name)
        if q := by.get("q"):
            words = _("Contacts with “%(words)s” and the label %(label)s", words=q, label=name)
        said.append(("filter", words))
    return said


def filters_for(row: Broadcast | None, known: list[Label]) -> list[dict[str, Any]]:
    """Kept filters to tick: those there are, and those of this broadcast that are gone since."""
    names = {label.id: label.name for label in known}
    there = {one.id: (one.name, one.q, one.label_id) for one in contact_filters.all_filters()}
    copies = row.audience.get("saved_filters", ()) if row else ()
    taken = {one["id"]: (one["name"], one.get("q"), one.get("label")) for one in copies}
    return [
        {"id": key, "name": name, "what": [q, names.get(label)], "gone": key not in there}
        for key, (name, q, label) in (taken | there).items()
    ]
