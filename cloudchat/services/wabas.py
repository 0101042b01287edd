"""Whose WABA it is: what Meta tells of a WABA names no number, and must not reach whoever typed its id.

A device hears such news once Meta has listed its number there. Where Meta says nothing to that
question, a token that reads or makes the WABA's templates is proof enough: it may know the news anyway.
"""

import structlog

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import DeviceAccount
from cloudchat.clients.meta_graph import graph, waba_of
from cloudchat.errors import Invalid, ProviderError
from cloudchat.extensions import db
from cloudchat.models import Device
from cloudchat.services import devices

NOT_THERE = 33  # of code 100: there is no such object, or not for this token
NO_LEAVE = frozenset(map(str, (3, 10, *range(200, 300))))

log = structlog.get_logger(__name__)


def check(account: DeviceAccount, strict: bool) -> bool:
    """Does Meta say that the number is in its WABA? Raises Invalid where it lists other numbers there
    than this one, or does not let the token in; strictly, also where it does not answer."""
    if not waba_of(account):
        return False
    word, listed = None, None
    try:
        listed = _lists(account)
        word = "waba_without_number" if listed is False else None
    except ProviderError as error:
        log.info("waba_not_told", code=error.code)
        if is_refusal(error):
            word = "provider_refused_waba"
        elif strict:
            away = error.code in ("unreachable", "no_answer")
            word = error.code if away else "provider_refused_waba"
    if word:
        raise Invalid("device", fields={"config.waba_id": [word]})
    return listed is True


def is_refusal(error: ProviderError) -> bool:
    """Did Meta say that this token may not see this object? Its silence, a fault, or a gateway's page
    between us say nothing about the account."""
    hidden = error.code == "100" and error.subcode == NOT_THERE
    return error.reauth or error.blocked or hidden or error.code in NO_LEAVE


def confirm(device_id: int, *, opened: bool = False) -> None:
    """Ask Meta about a number that it has not confirmed yet, and keep a yes. `opened`: its token was
    just let into the WABA. No connection is held while Meta thinks."""
    device = devices.get(device_id)
    if device.type != "wa_official" or not waba_of(device) or device.verified_waba == waba_of(device):
        return
    account = devices.account(device)
    db.session.commit()
    try:
        listed = _lists(account)
    except ProviderError as error:
        log.info("waba_not_told", device_id=device_id, code=error.code)
        listed = None
    if listed or (listed is None and opened):
        keep(account)


def keep(account: DeviceAccount) -> None:
    """Note the yes, unless another account was entered meanwhile, and have the WABA's webhooks sent."""
    row = db.session.get(Device, account.id, with_for_update=True, populate_existing=True)
    known = row is not None and (row.external_account, waba_of(row))
    if known == (account.external_account, waba_of(account)):
        row.verified_waba = waba_of(account)
    db.session.commit()
    try:
        channel_for("wa_official").subscribe(account)
    except ProviderError as error:
        log.warning("waba_not_subscribed", device_id=account.id, code=error.code)


def _lists(account: DeviceAccount) -> bool | None:
    """Is the number one of its WABA's? None where Meta lists none at all. Raises ProviderError."""
    numbers = graph().numbers(account)
    return account.external_account in numbers if numbers else None
