"""Devices: connecting channel accounts, finding them for webhooks, their health."""

import time

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cloudchat.channels.base import DeviceAccount
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.events import DeviceChanged, MessageQueued, publish
from cloudchat.extensions import db, now
from cloudchat.models import Device, DevicePace
from cloudchat.services import audit, device_fields, edits, secrets
from cloudchat.tenancy import current_organization_id

# When a device was heard of is noted at most this often: its row is everybody's.
HEARD_EVERY_SECONDS = 20
_heard: dict[int, float] = {}


def create(kind: str, name: str, config: dict) -> Device:
    """Keep an account; `connecting` speaks to its provider. Raises Invalid with the bad fields,
    Conflict where it is in use."""
    device_fields.check_new(kind, name, config)
    fields = device_fields.of(kind)
    name = name.strip()
    public_key = secrets.random_token(18)
    device = Device(
        organization_id=current_organization_id(),
        type=kind,
        name=name,
        public_key=public_key,
        external_account=device_fields.account_of(fields, config) or public_key,
        config=device_fields.chosen(config, fields.plain),
        secrets=secrets.encrypt(device_fields.new_secrets(kind, config)) if fields.secret else None,
    )
    _save_unique(device)
    audit.record("device.created", device, type=kind, name=name)
    publish(DeviceChanged(device.organization_id, device.id, device.status))
    db.session.commit()
    return device


def editable(device: Device) -> dict:
    """What people change of a device; secrets are no part of it, they are never shown."""
    return {"name": device.name, "is_active": device.is_active, "config": device.config}


def change(device_id: int, values: dict, expected: str | None = None) -> Device:
    """Change name, settings or secrets; an empty secret leaves the old one. Raises Conflict where
    somebody else has changed the same since the version `expected`."""
    device = get(device_id)
    edits.check(device, editable, _comparable(device, values), expected)
    fields = device_fields.of(device.type)
    before = device.external_account, device.config.get("waba_id")
    if "name" in values:
        if not values["name"].strip() or len(values["name"]) > 255:
            raise Invalid("device", fields={"name": ["required"]})
        device.name = values["name"].strip()
    if "is_active" in values:
        device.is_active = bool(values["is_active"])
    config = values.get("config") or {}
    errors = device_fields.config_errors(device.type, config)
    if errors:
        raise Invalid("device", fields=errors)
    device.config = {**device.config, **device_fields.chosen(config, fields.plain)}
    fresh = {key: value for key, value in device_fields.chosen(config, fields.secret).items() if value}
    if fresh:
        device.secrets = secrets.encrypt({**secrets.decrypt(device.secrets), **fresh})
        device.status, device.last_error = "connected", None
    if fields.account and config.get(fields.account):
        device.external_account = device_fields.account_of(fields, config)
    if fresh or (device.external_account, device.config.get("waba_id")) != before:
        device.verified_waba = None  # Meta has to be asked anew
    _save_unique(device)
    audit.record("device.changed", device, fields=sorted([*values, *config]))
    publish(DeviceChanged(device.organization_id, device.id, device.status))
    db.session.commit()
    return device


def _comparable(device: Device, values: dict) -> dict:
    plain = device_fields.chosen(values.get("config") or {}, device_fields.of(device.type).plain)
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


def _save_unique(device: Device) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(device)
    except IntegrityError:
        raise Conflict(
            "account_in_use", code="account_in_use", fields={"config": ["account_in_use"]}
        ) from None
