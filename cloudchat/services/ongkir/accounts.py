"""The organization's RajaOngkir account: its settings, the state of its key, the calls of the day."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from cloudchat import events
from cloudchat.clients.rajaongkir import COURIERS
from cloudchat.errors import Invalid
from cloudchat.extensions import db, now
from cloudchat.models import OngkirLog, OngkirSettings, OngkirUsage, User
from cloudchat.models.ongkir import ACCOUNT_TYPES
from cloudchat.services import audit, secrets
from cloudchat.tenancy import current_organization_id

ZONE = ZoneInfo("Asia/Jakarta")  # the provider's day
LIMITS = {"starter": 100, "basic": 100, "pro": 25_000, "enterprise": 50_000}
LONGEST_KEY = 200
FIELDS = (
    "rajaongkir_account_type",
    "daily_limit",
    "default_origin_city_id",
    "default_origin_city_name",
    "default_origin_province",
    "enabled_couriers",
    "is_active",
)


def get() -> OngkirSettings:
    """The settings; unsaved defaults where there are none yet."""
    found = db.session.scalar(select(OngkirSettings))
    if found is not None:
        return found
    return OngkirSettings(
        rajaongkir_api_key="",
        key_hint="",
        rajaongkir_account_type="starter",
        daily_limit=LIMITS["starter"],
        enabled_couriers=list(COURIERS),
        is_active=False,
        api_status="unverified",
        api_message="",
    )


def key_of(settings: OngkirSettings) -> str:
    """The key itself, for the client alone."""
    return secrets.decrypt(settings.rajaongkir_api_key).get("key", "")


def is_ready(settings: OngkirSettings) -> bool:
    """May customers be answered?"""
    return bool(settings.is_active and settings.rajaongkir_api_key and settings.enabled_couriers)


def save(values: dict[str, Any]) -> OngkirSettings:
    """Change the named fields; "api_key" replaces the key, "" takes it away. Raises Invalid."""
    errors = _errors(values)
    if errors:
        raise Invalid("ongkir", fields=errors)
    db.session.execute(
        insert(OngkirSettings)
        .values(organization_id=current_organization_id(), enabled_couriers=list(COURIERS))
        .on_conflict_do_nothing(index_elements=["organization_id"])
    )
    row = db.session.scalar(
        select(OngkirSettings).with_for_update().execution_options(populate_existing=True)
    )
    if values.get("api_key") is not None:
        _set_key(row, values["api_key"].strip())
    for name in FIELDS:
        if name in values and (values[name] is not None or name.startswith("default_origin")):
            setattr(row, name, values[name])
    if "default_origin_city_id" in values or "default_origin_city_name" in values:
        row.origin_id = row.origin_label = None  # looked up anew when it is needed
    if values.get("origin") is not None:
        if "default_origin_city_name" not in values:
            row.default_origin_city_id = row.default_origin_city_name = row.default_origin_province = None
        row.origin_id, row.origin_label = values["origin"]["id"], values["origin"]["label"]
    if values.get("rajaongkir_account_type") and "daily_limit" not in values:
        row.daily_limit = LIMITS[row.rajaongkir_account_type]
    audit.record("ongkir.changed", row, fields=sorted(name for name in values if values[name] is not None))
    db.session.commit()
    return row


def _set_key(row: OngkirSettings, key: str) -> None:
    row.rajaongkir_api_key = secrets.encrypt({"key": key}) if key else ""
    row.key_hint = key[-4:] if len(key) >= 12 else ""
    row.api_status, row.api_message, row.last_verified_at = "unverified", "", None
    if not key:
        row.is_active = False


def _errors(values: dict[str, Any]) -> dict[str, list[str]]:
    errors = {}
    key = (values.get("api_key") or "").strip()
    if (
        len(key) > LONGEST_KEY
        or not key.isascii()
        or any(char.isspace() or not char.isprintable() for char in key)
    ):
        errors["rajaongkir_api_key"] = ["ongkir_key_invalid"]
    unknown = set(values.get("enabled_couriers") or ()) - set(COURIERS)
    if unknown:
        errors["enabled_couriers"] = ["ongkir_courier_unknown"]
    kind = values.get("rajaongkir_account_type")
    if kind is not None and kind not in ACCOUNT_TYPES:
        errors["rajaongkir_account_type"] = ["unknown"]
    limit = values.get("daily_limit")
    if limit is not None and not 1 <= limit <= 1_000_000:
        errors["daily_limit"] = ["ongkir_limit_invalid"]
    return errors


# --- the state of the key ------------------------------------------------------------------------


def today() -> Any:
    return now().astimezone(ZONE).date()


def seconds_to_midnight() -> float:
    moment = now().astimezone(ZONE)
    tomorrow = (moment + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(60.0, (tomorrow - moment).total_seconds())


def refusal(settings: OngkirSettings) -> str | None:
    """Why the provider need not be asked: it would say the same again."""
    if not settings.rajaongkir_api_key:
        return "no_key"
    if settings.api_status == "invalid":
        return "invalid"
    checked = settings.last_verified_at
    if settings.api_status == "quota_exceeded" and checked and _day(checked) == today():
        return "quota_exceeded"
    return None


def _day(moment: datetime) -> Any:
    return moment.astimezone(ZONE).date()


def note(sealed: str, outcome: str, daily_limit: int | None = None) -> None:
    """Keep what the provider's answer says about the key it was asked with; part of the caller's
    transaction. A key that was replaced meanwhile is not touched. Admins are told of the worse."""
    status = {"ok": "active", "invalid": "invalid", "quota_exceeded": "quota_exceeded"}.get(outcome)
    if status is None:
        if outcome == "legacy":
            _set(sealed, api_message="legacy", last_verified_at=now())
        return
    values = {"api_status": status, "api_message": "", "last_verified_at": now()}
    if daily_limit:
        kind = "starter" if daily_limit <= 1000 else "pro" if daily_limit <= 25_000 else "enterprise"
        values |= {"daily_limit": daily_limit, "rajaongkir_account_type": kind}
    changed = _set(sealed, **values, only_if=OngkirSettings.api_status != status)
    if changed and status != "active":
        _tell_admins(status)
    if not changed:
        _set(sealed, last_verified_at=now())


def _set(sealed: str, only_if=None, **values) -> bool:
    statement = update(OngkirSettings).where(OngkirSettings.rajaongkir_api_key == sealed)
    if only_if is not None:
        statement = statement.where(only_if)
    return bool(db.session.execute(statement.values(**values, updated_at=now())).rowcount)


def _tell_admins(status: str) -> None:
    admins = db.session.scalars(select(User.id).where(User.role == "admin", User.is_active))
    events.publish(
        events.NotificationWanted(
            current_organization_id(),
            "ongkir_invalid" if status == "invalid" else "ongkir_quota",
            tuple(admins),
            f"ongkir:{status}",
            data={"url": "/app/settings/ongkir"},
        )
    )


# --- use -----------------------------------------------------------------------------------------


def count(hits: int) -> None:
    """Calls that went out today; part of the caller's transaction."""
    if hits:
        statement = insert(OngkirUsage).values(
            organization_id=current_organization_id(), day=today(), hits=hits
        )
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["organization_id", "day"], set_={"hits": OngkirUsage.hits + hits}
            )
        )


def usage(settings: OngkirSettings) -> dict[str, Any]:
    """What the settings page shows of use."""
    day = today()
    first = day.replace(day=1)
    month_begins = datetime(first.year, first.month, 1, tzinfo=ZONE)
    hits = dict(
        db.session.execute(select(OngkirUsage.day, OngkirUsage.hits).where(OngkirUsage.day >= first)).all()
    )
    asked = dict(
        db.session.execute(
            select(OngkirLog.status, func.count())
            .where(OngkirLog.created_at >= month_begins)
            .group_by(OngkirLog.status)
        ).all()
    )
    used = hits.get(day, 0)
    return {
        "requests_this_month": sum(asked.values()),
        "answered_this_month": asked.get("ok", 0),
        "api_calls_this_month": sum(hits.values()),
        "api_calls_today": used,
        "daily_limit": settings.daily_limit,
        "remaining_today": 0
        if settings.api_status == "quota_exceeded" and refusal(settings)
        else max(0, settings.daily_limit - used),
        "last_checked_at": settings.last_verified_at,
    }
