"""Devices: connecting channel accounts, finding them for webhooks, their health."""

import re
import time
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.channels.base import DeviceAccount
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import DeviceChanged, MessageQueued, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, DevicePace, Organization
from cloudchat.services import audit, edits, secrets, webchat_settings
from cloudchat.tenancy import acting_as, all_organizations, current_organization_id


@dataclass(frozen=True)
class DeviceFields:
    """What one device type asks for: the account that routes webhooks, plain and secret fields."""

    account: str | None
    plain: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


FIELDS = {
    "wa_official": DeviceFields(
        "phone_number_id", ("phone_number_id", "waba_id", "messages_per_second"), ("access_token",)
    ),
    "wa_device": DeviceFields("session", ("session",), ("api_key", "webhook_key")),
    "telegram": DeviceFields("bot_token", ("messages_per_second",), ("bot_token",)),
    "messenger": DeviceFields(
        "page_id", ("page_id", "human_agent", "messages_per_second"), ("page_access_token",)
    ),
    "webchat": DeviceFields(None, ("color", "welcome", "ask_name", "allowed_origins")),
}
OPTIONAL = {"waba_id", "messages_per_second", "webhook_key", "human_agent"}
OPTIONAL |= {"color", "welcome", "ask_name", "allowed_origins"}
# Secrets that we make ourselves and give to the provider, where the admin names none.
MADE_SECRETS = {"telegram": ("webhook_secret",), "wa_device": ("webhook_key",)}
_META_ID = re.compile(r"[0-9]{1,32}")
MAX_SECRET = 2000
SLOWEST, FASTEST = 0.1, 1000.0  # messages a second
# How a setting has to look, and what is said where it does not.
FORMS = {
    "phone_number_id": (_META_ID, "digits_needed"),
    "waba_id": (_META_ID, "digits_needed"),
    "page_id": (_META_ID, "digits_needed"),
    "bot_token": (re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}"), "bot_token_form"),
    "session": (re.compile(r"[A-Za-z0-9_-]{1,54}"), "session_form"),
}
# Webhooks look their device up for each call; a change is seen everywhere within this many seconds.
ROUTE_CACHE_SECONDS = 15
_routes: dict[tuple[str, str, str], tuple[float, "Route"]] = {}
_webhook_secrets: dict[tuple[int, str], tuple[float, str]] = {}
# When a device was heard of is noted at most this often: its row is everybody's.
HEARD_EVERY_SECONDS = 20
_heard: dict[int, float] = {}


@dataclass(frozen=True)
class Route:
    """Where a webhook event belongs."""

    device_id: int
    organization_id: int
    is_open: bool = True  # its organization is switched on
    account: str = ""


def create(kind: str, name: str, config: dict) -> Device:
    """Keep an account; `connecting` speaks to its provider. Raises Invalid with the bad fields,
    Conflict where it is in use."""
    check_new(kind, name, config)
    fields = _fields(kind)
    name = name.strip()
    public_key = secrets.random_token(18)
    device = Device(
        organization_id=current_organization_id(),
        type=kind,
        name=name,
        public_key=public_key,
        external_account=account_of(fields, config) or public_key,
        config=_chosen(config, fields.plain),
        secrets=secrets.encrypt(new_secrets(kind, config)) if fields.secret else None,
    )
    _save_unique(device)
    audit.record("device.created", device, type=kind, name=name)
    publish(DeviceChanged(device.organization_id, device.id, device.status))
    db.session.commit()
    return device


def check_new(kind: str, name: str, config: dict) -> None:
    """Raises Invalid with the fields that are missing or wrong."""
    fields = _fields(kind)
    errors = {"name": ["required"]} if not name.strip() or len(name.strip()) > 255 else {}
    errors |= {
        f"config.{key}": ["required"]
        for key in (*fields.plain, *fields.secret)
        if key not in OPTIONAL and not str(config.get(key) or "").strip()
    }
    errors = _config_errors(kind, config) | errors
    if errors:
        raise Invalid("device", fields=errors)


def new_secrets(kind: str, config: dict) -> dict[str, str]:
    """The secrets of a new device: those given, and made ones where none is."""
    given = {key: value for key, value in _chosen(config, _fields(kind).secret).items() if value}
    return {name: secrets.random_token() for name in MADE_SECRETS.get(kind, ())} | given


def account_of(fields: DeviceFields, config: dict) -> str:
    """What names the account at its provider; of a bot's token, the part that stays when it is renewed."""
    value = str(config.get(fields.account or "") or "").strip()
    return value.partition(":")[0] if fields.account == "bot_token" else value


def editable(device: Device) -> dict:
    """What people change of a device; secrets are no part of it, they are never shown."""
    return {"name": device.name, "is_active": device.is_active, "config": device.config}


def change(device_id: int, values: dict, expected: str | None = None) -> Device:
    """Change name, settings or secrets; an empty secret leaves the old one. Raises Conflict where
    somebody else has changed the same since the version `expected`."""
    device = get(device_id)
    edits.check(device, editable, _comparable(device, values), expected)
    fields = _fields(device.type)
    before = device.external_account, device.config.get("waba_id")
    if "name" in values:
        if not values["name"].strip() or len(values["name"]) > 255:
            raise Invalid("device", fields={"name": ["required"]})
        device.name = values["name"].strip()
    if "is_active" in values:
        device.is_active = bool(values["is_active"])
    config = values.get("config") or {}
    errors = _config_errors(device.type, config)
    if errors:
        raise Invalid("device", fields=errors)
    device.config = {**device.config, **_chosen(config, fields.plain)}
    fresh = {key: value for key, value in _chosen(config, fields.secret).items() if value}
    if fresh:
        device.secrets = secrets.encrypt({**secrets.decrypt(device.secrets), **fresh})
        device.status, device.last_error = "connected", None
    if fields.account and config.get(fields.account):
        device.external_account = account_of(fields, config)
    if fresh or (device.external_account, device.config.get("waba_id")) != before:
        device.verified_waba = None  # Meta has to be asked anew
    _save_unique(device)
    audit.record("device.changed", device, fields=sorted([*values, *config]))
    publish(DeviceChanged(device.organization_id, device.id, device.status))
    db.session.commit()
    return device


def _comparable(device: Device, values: dict) -> dict:
    plain = _chosen(values.get("config") or {}, _fields(device.type).plain)
    return {**values, **({"config": {**device.config, **plain}} if plain else {"config": device.config})}


def remove(device_id: int) -> None:
    """Take a device out of service; its conversations and messages stay readable."""
    device = get(device_id)
    device.deleted_at = now()
    device.is_active = False
    device.secrets = None
    device.status = "disconnected"
    audit.record("device.removed", device, name=device.name)
    publish(DeviceChanged(device.organization_id, device.id, "disconnected"))
    db.session.commit()


def get(device_id: int) -> Device:
    device = db.session.scalar(select(Device).where(Device.id == device_id, Device.deleted_at.is_(None)))
    if device is None:
        raise NotFound("device")
    return device


def all_devices() -> list[Device]:
    return list(
        db.session.scalars(select(Device).where(Device.deleted_at.is_(None)).order_by(Device.name, Device.id))
    )


def heard(device_ids: set[int]) -> None:
    """Note that customers were heard on these devices. Part of the caller's transaction."""
    moment = time.monotonic()
    due = sorted(one for one in device_ids if moment - _heard.get(one, -1e9) > HEARD_EVERY_SECONDS)
    if not due:
        return
    free = select(Device.id).where(Device.id.in_(due)).with_for_update(skip_locked=True)
    db.session.execute(
        update(Device)
        .where(Device.id.in_(free.scalar_subquery()))
        .values(last_in_at=now())
        .execution_options(synchronize_session=False)
    )
    if len(_heard) > 10_000:
        _heard.clear()
    _heard.update(dict.fromkeys(due, moment))


def in_trouble() -> list[Device]:
    """Active devices that have stopped working, for the banner."""
    return list(
        db.session.scalars(
            select(Device)
            .where(Device.deleted_at.is_(None), Device.is_active, Device.status != "connected")
            .order_by(Device.name, Device.id)
            .limit(5)
        )
    )


def account(device: Device) -> DeviceAccount:
    """The device as its channel adapter needs it, secrets opened."""
    return DeviceAccount(
        id=device.id,
        organization_id=device.organization_id,
        type=device.type,
        external_account=device.external_account,
        config=device.config,
        secrets=secrets.decrypt(device.secrets),
    )


def by_external_account(kind: str, external_account: str) -> Route | None:
    """Where a provider's account belongs: the one deliberate look across tenants of a webhook."""
    return _cached(kind, "external_account", external_account)


def by_public_key(kind: str, public_key: str) -> Route | None:
    """The active device with this public key (web chat page, webhook address)."""
    return _cached(kind, "public_key", public_key) if len(public_key) <= 40 else None


def webhook_secret(route: Route, name: str) -> str:
    """What the provider proves itself with at this device's webhook address; "" where there is none."""
    key = route.device_id, name
    kept = _webhook_secrets.get(key)
    if kept is None or kept[0] < time.monotonic():
        with acting_as(route.organization_id):
            sealed = db.session.scalar(select(Device.secrets).where(Device.id == route.device_id))
            db.session.rollback()
        if len(_webhook_secrets) > 10_000:
            _webhook_secrets.clear()
        kept = time.monotonic() + ROUTE_CACHE_SECONDS, secrets.decrypt(sealed).get(name) or ""
        _webhook_secrets[key] = kept
    return kept[1]


def _cached(kind: str, column: str, value: str) -> Route | None:
    key = kind, column, value
    kept = _routes.get(key)
    if kept and kept[0] > time.monotonic():
        return kept[1]
    with all_organizations("webhook routing"):
        row = db.session.execute(
            select(Device.id, Device.organization_id, Device.external_account, Organization.is_active)
            .join(Organization, Organization.id == Device.organization_id)
            .where(
                getattr(Device, column) == value,
                Device.type == kind,
                Device.deleted_at.is_(None),
                Device.is_active,
            )
        ).first()
    if row is None:
        _routes.pop(key, None)
        return None
    if len(_routes) > 10_000:
        _routes.clear()
    route = Route(row.id, row.organization_id, row.is_active, row.external_account)
    _routes[key] = (time.monotonic() + ROUTE_CACHE_SECONDS, route)
    return route


def forget_routes() -> None:
    """Drop what is cached, after a device changed in this process."""
    _routes.clear()
    _webhook_secrets.clear()


def by_parent_account(kind: str, parent_account: str) -> list[Route]:
    """The devices below an account that several share (a WABA), of every organization whose number Meta
    has confirmed there: each keeps the news as a row of its own, and sees no other's."""
    with all_organizations("webhook routing"):
        rows = db.session.execute(
            select(Device.id, Device.organization_id, Organization.is_active)
            .join(Organization, Organization.id == Device.organization_id)
            .where(
                Device.verified_waba == parent_account,
                Device.type == kind,
                Device.deleted_at.is_(None),
                Device.is_active,
            )
        ).all()
    return [Route(row.id, row.organization_id, row.is_active) for row in rows]


def mark(device_id: int, status: str, error: dict | None) -> None:
    """Note how the account stands; tells the desk only when it is news."""
    changed = db.session.execute(
        update(Device)
        .where(Device.id == device_id, Device.status != status)
        .values(status=status, last_error=error)
        .returning(Device.id)
    ).first()
    if changed:
        publish(DeviceChanged(current_organization_id(), device_id, status, error))
        if status == "connected":
            _release(device_id)


def _release(device_id: int) -> None:
    """The account works again: what waits for it goes out now."""
    db.session.execute(
        update(DevicePace)
        .where(DevicePace.device_id == device_id, DevicePace.blocked_until > now())
        .values(blocked_until=None)
        .execution_options(synchronize_session=False)
    )
    publish(MessageQueued(current_organization_id(), device_id))


def note(device_id: int, status: str | None, error: dict | None) -> None:
    """Note what a provider says about the account by itself; without a status that stays as it is."""
    if status is not None:
        mark(device_id, status, error)
    elif error is not None:
        status = db.session.scalar(
            update(Device)
            .where(Device.id == device_id, Device.last_error.is_distinct_from(error))
            .values(last_error=error)
            .returning(Device.status)
        )
        if status is not None:
            publish(DeviceChanged(current_organization_id(), device_id, status, error))


def _fields(kind: str) -> DeviceFields:
    if kind not in FIELDS:
        raise Invalid("type", fields={"type": ["unsupported"]})
    return FIELDS[kind]


def _config_errors(kind: str, config: dict) -> dict[str, list[str]]:
    if kind == "webchat":
        return webchat_settings.config_errors(config)
    errors = {
        f"config.{name}": [FORMS[name][1]]
        for name in FORMS
        if config.get(name) and not FORMS[name][0].fullmatch(str(config[name]).strip())
    }
    if not _is_pace(config.get("messages_per_second")):
        errors["config.messages_per_second"] = ["pace_invalid"]
    for name in _fields(kind).secret:
        value = config.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > MAX_SECRET):
            errors[f"config.{name}"] = ["invalid"]
    return errors


def _is_pace(value) -> bool:
    """Nothing (the usual pace), or a number of messages a second that we keep to."""
    if value in (None, ""):
        return True
    try:
        return not isinstance(value, bool) and SLOWEST <= float(value) <= FASTEST
    except (TypeError, ValueError):
        return False


def _chosen(config: dict, names: tuple[str, ...]) -> dict:
    found = {key: config[key] for key in names if config.get(key) is not None}
    return {key: value.strip() if isinstance(value, str) else value for key, value in found.items()}


def _save_unique(device: Device) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(device)
    except IntegrityError:
        raise Conflict(
            "account_in_use", code="account_in_use", fields={"config": ["account_in_use"]}
        ) from None
