"""Broadcasts before they run: made, changed, deleted."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete as delete_rows

from cloudchat.errors import Conflict, Invalid
from cloudchat.events import BroadcastChanged, BroadcastDue, publish
from cloudchat.extensions import db, now
from cloudchat.models import Broadcast
from cloudchat.services import audit, devices, edits, quiet_hours
from cloudchat.services.broadcasts import audience, preparing, texts
from cloudchat.services.broadcasts.catalog import editable, get, locked
from cloudchat.services.contact_file import Table

LATE = timedelta(minutes=5)  # a time that has just passed still means "now"
FURTHEST = timedelta(days=366)


def create(values: dict[str, Any], author_id: int | None) -> Broadcast:
    """A draft, or scheduled where a time is given; its recipients are listed at once or by a job.
    Raises NotFound, Invalid, Conflict."""
    device = devices.get(values["device_id"])
    text = texts.load(device, values["template_id"])
    kept, file_key = _checked_audience(values["audience"])
    starts, ends = _checked_hours(values.get("quiet_hours"))
    row = Broadcast(
        name=_checked_name(values["name"]),
        device_id=device.id,
        template_id=text.row.id,
        template_name=text.name,
        audience=kept,
        variables=_checked_variables(values.get("variables"), text, kept),
        file_key=file_key,
        scheduled_at=checked_time(values.get("scheduled_at")),
        quiet_start=starts,
        quiet_end=ends,
        created_by=author_id,
    )
    row.status = "scheduled" if row.scheduled_at and not values.get("as_draft") else "draft"
    db.session.add(row)
    db.session.flush()
    audit.record("broadcast.created", row, name=row.name)
    publish(BroadcastDue(row.organization_id, row.id))
    db.session.commit()
    _list_soon(row)
    return get(row.id)


def _list_soon(row: Broadcast) -> None:
    """A short list is made at once, a long one by the job that has been asked for."""
    if row.prepared_at is None and audience.size_of(row.audience, _table(row.file_key)) <= preparing.BATCH:
        preparing.prepare(row.id)


def _table(file_key: str | None) -> Table | None:
    return audience.file_of(file_key) if file_key else None


def change(broadcast_id: int, values: dict[str, Any], expected: str | None = None) -> Broadcast:
    """Change what is named of a draft or a scheduled one; the rest stays. A scheduled one keeps to its
    time, and is a draft again where that is taken away. Raises NotFound, Invalid, Conflict."""
    row = locked(broadcast_id)
    if row.status not in ("draft", "scheduled"):
        raise wrong_state(row)
    good = _checked_changes(row, values)
    edits.check(row, editable, good, expected)
    before = editable(row)
    changed = sorted(name for name in before if name in good and good[name] != before[name])
    _apply(row, good)
    # Whoever names the audience again wants it as it is today
    looks_again = "audience" in good and audience.is_living(row.audience)
    if looks_again or {"audience", "device_id"} & set(changed):
        preparing.restart(row)
    if row.status == "scheduled" and not row.scheduled_at:
        row.status = "draft"
    audit.record("broadcast.changed", row, name=row.name, fields=changed)
    publish(BroadcastChanged(row.organization_id, row.id))
    db.session.commit()
    _list_soon(row)
    return get(row.id)


def _checked_changes(row: Broadcast, values: dict[str, Any]) -> dict[str, Any]:
    """The fields as `editable` shows them, and the name of the template."""
    good: dict[str, Any] = {}
    if "name" in values:
        good["name"] = _checked_name(values["name"])
    if "audience" in values:
        kept, file_key = _checked_audience(values["audience"], row.audience)
        good["audience"] = kept | ({"file": file_key} if file_key else {})
    if "scheduled_at" in values:
        moment = values["scheduled_at"]
        good["scheduled_at"] = moment if moment == row.scheduled_at else checked_time(moment)
    if "quiet_hours" in values:
        starts, ends = _checked_hours(values["quiet_hours"])
        good["quiet_hours"] = {"start": starts, "end": ends} if starts else None
    said = ("device_id", "template_id", "variables")
    if any(name in values and values[name] != getattr(row, name) for name in said):
        device = devices.get(values.get("device_id", row.device_id))
        text = texts.load(device, values.get("template_id", row.template_id))
        mapping = values.get("variables", row.variables)
        meant = good.get("audience", row.audience)
        good |= {"device_id": device.id, "template_id": text.row.id, "template_name": text.name}
        good["variables"] = _checked_variables(mapping, text, meant)
    return good


def _apply(row: Broadcast, good: dict[str, Any]) -> None:
    for name in ("name", "device_id", "template_id", "template_name", "variables", "scheduled_at"):
        if name in good:
            setattr(row, name, good[name])
    if "audience" in good:
        kept = dict(good["audience"])
        row.file_key = kept.pop("file", None)
        row.audience = kept
    if "quiet_hours" in good:
        hours = good["quiet_hours"] or {}
        row.quiet_start, row.quiet_end = hours.get("start"), hours.get("end")


def delete(broadcast_id: int) -> None:
    """Remove one that never ran. Raises Conflict."""
    row = locked(broadcast_id)
    if row.status not in ("draft", "scheduled"):
        raise wrong_state(row)
    audit.record("broadcast.deleted", row, name=row.name)
    db.session.execute(delete_rows(Broadcast).where(Broadcast.id == row.id))
    db.session.commit()


def wrong_state(row: Broadcast) -> Conflict:
    return Conflict("broadcast_state", code="broadcast_state", extra={"status": row.status})


def _checked_audience(
    wanted: dict[str, Any], before: dict[str, Any] | None = None
) -> tuple[dict[str, Any], str | None]:
    """(as it is kept, the file's key). Raises Invalid, NotFound."""
    kept = audience.checked(wanted, before)
    file_key = wanted.get("file") or None
    if not audience.size_of(kept, _table(file_key)):
        raise Invalid("audience", fields={"audience": ["broadcast_no_audience"]})
    return kept, file_key


def _checked_variables(
    mapping: dict[str, Any] | None, text: texts.Text, meant: dict[str, Any]
) -> dict[str, Any]:
    given_along = any(item.get("variables") for item in meant.get("phones", ()))
    return texts.checked_mapping(mapping or {}, text.fields(), given_along)


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise Invalid("name", fields={"name": ["too_long" if name else "required"]})
    return name


def checked_time(moment: datetime | None) -> datetime | None:
    """Raises Invalid for a time that is over or far away."""
    if moment is None:
        return None
    if moment < now() - LATE:
        raise Invalid("scheduled_at", fields=_at_time("time_past"))
    if moment > now() + FURTHEST:
        raise Invalid("scheduled_at", fields=_at_time("time_too_far"))
    return moment


def _at_time(code: str) -> dict[str, list[str]]:
    """Under both names by which a time is given."""
    return {"scheduled_at": [code], "scheduled_local": [code]}


def _checked_hours(given: dict[str, str] | None) -> tuple[str | None, str | None]:
    if not given or not (given.get("start") or given.get("end")):
        return None, None
    starts, ends = given.get("start") or "", given.get("end") or ""
    if quiet_hours.minute_of(starts) is None or quiet_hours.minute_of(ends) is None or starts == ends:
        raise Invalid("quiet_hours", fields={"quiet_hours": ["quiet_hours_invalid"]})
    return starts, ends
