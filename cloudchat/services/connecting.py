"""Connecting accounts with their providers: asked before they are kept, registered after, looked at since.

No database connection is held while a provider thinks, so each step ends its transaction first.
"""

import structlog
from sqlalchemy import select

from cloudchat import config as configuration
from cloudchat.channels import get as channel_for
from cloudchat.channels.base import Connection, DeviceAccount, Link
from cloudchat.errors import Invalid, ProviderError
from cloudchat.events import ContactChanged, publish
from cloudchat.extensions import db
from cloudchat.models import Contact, ContactIdentity, Device
from cloudchat.services import device_fields, devices, presenting, taking_over, wabas
from cloudchat.services.settling import told
from cloudchat.tenancy import current_organization_id

log = structlog.get_logger(__name__)

# The field that a refusal of the account's secret is said beside.
SECRET_FIELD = {
    "wa_official": "access_token",
    "wa_device": "api_key",
    "telegram": "bot_token",
    "messenger": "page_access_token",
}
# Kinds whose provider has to be told where to send what happens.
REGISTERED = ("wa_device", "telegram", "messenger")


def create(kind: str, name: str, config: dict, *, strict: bool = False) -> Device:
    """Connect an account: a secret that its provider refuses is not kept, nor an official WhatsApp number
    that Meta does not show to it: a number routes messages, and is nobody's by being typed. A provider
    that cannot be asked is no reason to lose what was typed: the device is kept and tried again.

    `strict`: nothing is kept unless the provider answered. Raises Invalid, Conflict.
    """
    device_fields.check_new(kind, name, config)
    if kind != "webchat":
        _ask(kind, config, strict)
    confirmed = kind == "wa_official" and wabas.check(_draft(kind, config), strict)
    if confirmed:
        _take_over(config)
    made = devices.create(kind, name, config)
    if confirmed:
        wabas.keep(devices.account(made))
    if kind in REGISTERED or (strict and kind != "webchat"):
        register(made.id)
    return devices.get(made.id)


def change(device_id: int, values: dict, expected: str | None = None, *, strict: bool = False) -> Device:
    """Change a device; with another secret or account it is connected anew, its history stays. Raises
    as `devices.change`, and Invalid where the provider refuses the new secret or number, or the number is
    in another WABA."""
    device = devices.get(device_id)
    kind, given = device.type, values.get("config") or {}
    known = {**device.config, **devices.account(device).secrets}
    fresh = {key: value for key, value in given.items() if value and str(value) != str(known.get(key, ""))}
    fields = device_fields.FIELDS[kind]
    other = bool(fresh.keys() & {fields.account, *fields.secret})
    anew, wanted = kind in REGISTERED and other, {**known, **fresh}
    if other and kind != "webchat":
        device_fields.check_new(kind, str(values.get("name") or device.name), wanted)
        _ask(kind, wanted, strict=False)
    asked = kind == "wa_official" and (other or "waba_id" in fresh)
    confirmed = asked and wabas.check(_draft(kind, wanted), strict)
    if confirmed and "phone_number_id" in fresh:
        _take_over(wanted)
    made = devices.change(device_id, values, expected)
    if confirmed:
        wabas.keep(devices.account(made))
    if anew:
        register(device_id)
    return devices.get(device_id)


def remove(device_id: int) -> None:
    """Take a device out of service, and have its provider send nothing any more."""
    device = devices.get(device_id)
    kind = device.type
    account = _account(device)
    devices.remove(device_id)
    if account is None or kind not in REGISTERED:
        return
    try:
        channel_for(kind).disconnect(account)
    except ProviderError as error:  # what still comes finds no device
        log.info("not_disconnected", device_id=device_id, error=error.code)


def register(device_id: int) -> ProviderError | None:
    """Have the provider send us what happens, and note how the account stands; the error, if any."""
    device = devices.get(device_id)
    kind, account = device.type, _account(device)
    if account is None:
        return _failed(device_id, unreadable_secrets())
    settings = configuration.active()
    url = presenting.webhook_url(device, settings.public_url) if settings.knows_public_url else None
    db.session.commit()
    try:
        connection = channel_for(kind).connect(account, url)
    except ProviderError as error:
        return _failed(device_id, error)
    _keep(device_id, connection)
    return None


def check(device_id: int) -> dict:
    """Facts about the account in the provider's words. Raises ProviderError; the device is marked."""
    device = devices.get(device_id)
    kind, account = device.type, _account(device)
    db.session.commit()
    try:
        if account is None:
            raise unreadable_secrets()
        facts = channel_for(kind).check(account)
    except ProviderError as error:
        if error.reauth or error.blocked:
            _failed(device_id, error)
        raise
    status, problem = facts.pop("_status", "connected"), facts.pop("_error", None)
    devices.mark(device_id, status, problem)
    db.session.commit()
    wabas.confirm(device_id)
    return facts


def look_after(device_id: int) -> None:
    """What the periodic look does: a disconnected account is connected again, others are checked."""
    device = devices.get(device_id)
    if not device.is_active or device.type == "webchat":
        return
    if device.status == "disconnected" and device.type in REGISTERED:
        register(device_id)
        return
    try:
        check(device_id)
    except ProviderError as error:
        log.info("device_check_failed", device_id=device_id, error=error.code)


def link(device_id: int) -> Link | None:
    """How the linking of a phone stands; the device is marked accordingly. Raises ProviderError."""
    device = devices.get(device_id)
    kind, account = device.type, _account(device)
    db.session.commit()
    if account is None:
        raise unreadable_secrets()
    found = channel_for(kind).link(account)
    if found is not None:
        _keep(device_id, Connection(found.status, found.facts, _link_error(found)))
    return found


def name_contact(device_id: int, external_user_id: str) -> None:
    """Ask the provider for a new customer's name. A contact that has one by now keeps it."""
    device = devices.get(device_id)
    kind, account = device.type, _account(device)
    db.session.commit()
    name = channel_for(kind).profile(account, external_user_id) if account else None
    if not name:
        return
    contact = db.session.scalar(
        select(Contact)
        .join(ContactIdentity, ContactIdentity.contact_id == Contact.id)
        .where(ContactIdentity.device_id == device_id, ContactIdentity.external_id == external_user_id)
        .with_for_update(of=Contact)
    )
    if contact is not None and contact.name == external_user_id[:255]:
        contact.name = name.strip()[:255]
        db.session.flush()
        publish(ContactChanged(contact.organization_id, contact.id))
    db.session.commit()


def unreadable_secrets() -> ProviderError:
    """The error of a device whose secrets were sealed with a key that is gone."""
    told = "The device's secrets cannot be read with the present key."
    return ProviderError(told, code="no_token", permanent=True, reauth=True)


def _ask(kind: str, config: dict, strict: bool) -> None:
    """Raises Invalid where the provider refuses the secret (or, strictly, does not answer well)."""
    draft = _draft(kind, config)
    db.session.commit()
    try:
        channel_for(kind).check(draft)
    except ProviderError as error:
        if kind == "wa_device" and error.code == "session_unknown":
            return  # connecting makes it
        field = SECRET_FIELD.get(kind, "name")
        if error.reauth:
            raise Invalid("device", fields={f"config.{field}": ["token_refused"]}) from error
        if kind == "wa_official" and wabas.is_refusal(error):
            raise Invalid("device", fields={"config.phone_number_id": ["number_not_shown"]}) from error
        if strict:
            words = [error.code if error.code in ("unreachable", "no_answer") else "provider_refused_account"]
            raise Invalid("device", fields={f"config.{field}": words}) from error


def _take_over(config: dict) -> None:
    """The number has just been proved: a dead registration does not stand in its way."""
    db.session.commit()
    taking_over.free(device_fields.account_of(device_fields.FIELDS["wa_official"], config))


def _draft(kind: str, config: dict) -> DeviceAccount:
    """An account that is not kept yet, as its adapter takes it."""
    fields = device_fields.FIELDS[kind]
    return DeviceAccount(
        id=0,
        organization_id=current_organization_id(),
        type=kind,
        external_account=device_fields.account_of(fields, config),
        config={key: config[key] for key in fields.plain if key in config},
        secrets=device_fields.new_secrets(kind, config),
    )


def _account(device: Device) -> DeviceAccount | None:
    try:
        return devices.account(device)
    except Exception:  # sealed with a key that we no longer have
        log.exception("secrets_unreadable", device_id=device.id)
        return None


def _failed(device_id: int, error: ProviderError) -> ProviderError:
    db.session.rollback()
    devices.mark(device_id, "needs_reauth" if error.reauth else "disconnected", told(error))
    devices.note(device_id, None, told(error))
    db.session.commit()
    return error


def _keep(device_id: int, connection: Connection) -> None:
    device = devices.get(device_id)
    known = device.config.get("facts") or {}
    if connection.facts and {**known, **connection.facts} != known:
        device.config = {**device.config, "facts": {**known, **connection.facts}}
        db.session.flush()
    devices.mark(device_id, connection.status, connection.error)
    db.session.commit()


def _link_error(link: Link) -> dict | None:
    if link.status == "connected":
        return None
    code = "scan_needed" if link.status == "needs_reauth" else "phone_not_linked"
    return {"code": code, "message": link.state, "details": ""}
