"""How each user wants to be told: the choices, their defaults, and whether it is quiet now."""

from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Invalid
from cloudchat.extensions import db, now
from cloudchat.models import NotificationSettings
from cloudchat.services.notification_kinds import CHANNELS, KINDS
from cloudchat.services.quiet_hours import from_words, minute_of, quiet_until, tomorrow_morning
from cloudchat.tenancy import current_organization_id

SOUNDS = ("chime", "bell", "marimba", "drop", "knock", "alarm")
MOST_VOLUME = 100
Snooze = Literal["hour", "tomorrow"]

DEFAULTS: dict[str, Any] = {
    "events": {
        name: {channel: channel in kind.defaults for channel in CHANNELS} for name, kind in KINDS.items()
    },
    "sound": {"name": "chime", "volume": 60},
    "quiet_hours": {
        "enabled": False,
        "days": [0, 1, 2, 3, 4, 5, 6],
        "start_time": "21:00",
        "end_time": "07:00",
        "own_still_rings": False,
    },
    "push": {"show_text": False},
}


def get(user_id: int) -> dict[str, Any]:
    """All choices of a user, with `snoozed_until`."""
    row = _row(user_id)
    return outward(row.choices if row else {}, row.snoozed_until if row else None)


def outward(choices: dict[str, Any] | None, snoozed_until: datetime | None) -> dict[str, Any]:
    """Our defaults with what was chosen put over them; what we do not know any more is left out."""
    merged = deepcopy(DEFAULTS)
    _put_over(merged, choices or {})
    merged["snoozed_until"] = snoozed_until if snoozed_until and snoozed_until > now() else None
    return merged


def _put_over(known: dict[str, Any], chosen: dict[str, Any]) -> None:
    for name, value in chosen.items():
        if isinstance(known.get(name), dict) and isinstance(value, dict):
            _put_over(known[name], value)
        elif name in known:
            known[name] = value


def change(user_id: int, wanted: dict[str, Any]) -> dict[str, Any]:
    """Change the choices that are named; the others stay. Raises Invalid."""
    row = _locked(user_id)
    choices = deepcopy(row.choices)
    for part, values in wanted.items():
        if part == "events":
            events = choices.setdefault("events", {})
            for kind, channels in values.items():
                events[kind] = {**events.get(kind, {}), **channels}
        else:
            choices[part] = {**choices.get(part, {}), **values}
    _check(wanted, outward(choices, None))
    row.choices = choices
    db.session.commit()
    return outward(choices, row.snoozed_until)


def _check(wanted: dict[str, Any], result: dict[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    for kind in set(wanted.get("events", {})) - set(KINDS):
        errors[f"events.{kind}"[:80]] = ["unknown"]
    if result["sound"]["name"] not in SOUNDS:
        errors["sound.name"] = ["unknown"]
    quiet = result["quiet_hours"]
    starts, ends = minute_of(quiet["start_time"]), minute_of(quiet["end_time"])
    for name, minute in (("start_time", starts), ("end_time", ends)):
        if minute is None:
            errors[f"quiet_hours.{name}"] = ["time_invalid"]
    if starts is not None and starts == ends:
        errors["quiet_hours.end_time"] = ["window_empty"]
    if errors:
        db.session.rollback()
        raise Invalid(code="invalid", fields=errors)


def snooze(user_id: int, how_long: Snooze | None, zone: str) -> dict[str, Any]:
    """No sound, desktop notification or push for a while, or again at once with None."""
    moment = now()
    ends = {
        "hour": moment + timedelta(hours=1),
        "tomorrow": tomorrow_morning(moment, ZoneInfo(zone)),
    }
    row = _locked(user_id)
    row.snoozed_until = ends[how_long] if how_long else None
    db.session.commit()
    return outward(row.choices, row.snoozed_until)


def silent_until(settings: dict[str, Any], moment: datetime, zone: str) -> datetime | None:
    """When quiet hours or a snooze end, whichever is later; None where alerts may be heard."""
    ends = [settings["snoozed_until"], _quiet_until(settings, moment, zone)]
    return max(filter(None, ends), default=None)


def may_disturb(settings: dict[str, Any], kind: str, moment: datetime, zone: str) -> bool:
    """Whether a thing of this kind may sound, pop up or be pushed now."""
    if settings["snoozed_until"] and moment < settings["snoozed_until"]:
        return False
    if KINDS[kind].own and settings["quiet_hours"]["own_still_rings"]:
        return True
    return _quiet_until(settings, moment, zone) is None


def _quiet_until(settings: dict[str, Any], moment: datetime, zone: str) -> datetime | None:
    quiet = settings["quiet_hours"]
    if not quiet["enabled"]:
        return None
    return quiet_until(
        from_words(quiet["days"], quiet["start_time"], quiet["end_time"]), moment, ZoneInfo(zone)
    )


def _row(user_id: int) -> NotificationSettings | None:
    return db.session.scalar(select(NotificationSettings).where(NotificationSettings.user_id == user_id))


def _locked(user_id: int) -> NotificationSettings:
    """The user's row, made if need be and held until the commit: two tabs may save at once."""
    db.session.execute(
        insert(NotificationSettings)
        .values(organization_id=current_organization_id(), user_id=user_id, choices={})
        .on_conflict_do_nothing()
    )
    statement = select(NotificationSettings).where(NotificationSettings.user_id == user_id)
    return db.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one()
