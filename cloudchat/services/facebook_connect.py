"""Connecting Facebook pages by Facebook's own login: begun, come back, pages chosen, pages connected.

A run belongs to the login that began it and to its organization; its state is good once and for ten
minutes. Nothing of a page is kept before it is subscribed, except what support needs after a failure.
"""

import json
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from cloudchat import config
from cloudchat.channels.facebook_errors import Failure, explain
from cloudchat.channels.facebook_login import NEEDED, FacebookFailed, FacebookLogin, Page
from cloudchat.errors import AppError, Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import Device, MessengerConnect
from cloudchat.services import devices, presenting, secrets
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import all_organizations

STATE_LIVES = timedelta(minutes=10)
PAGES_LIVE = timedelta(hours=1)  # the choice of pages may take a while
KEPT = timedelta(days=90)
MOST_AT_ONCE = 50


class ConnectFailed(AppError):
    """Connecting failed; `failure` says how, `helped` what to do about it."""

    status = 400

    def __init__(self, failure: Failure, connect_id: int | None = None):
        self.failure = failure
        self.helped = explain(failure)
        self.connect_id = connect_id
        super().__init__(failure.message, code=self.helped.word)


@dataclass(frozen=True)
class Offer:
    """A page to choose: can it be used, and if not (or with a remark), why."""

    id: str
    name: str
    usable: bool
    reason: str | None = None  # a machine word


def redirect_uri() -> str:
    """Where Facebook sends the browser back; the same to the letter in both calls that name it."""
    return f"{config.active().public_url}/api/app/messenger/callback"


def begin(identity: Identity, *, again: bool = False) -> str:
    """The dialog's address for this login. Raises Conflict where the installation has no Meta app."""
    settings = config.active()
    if not settings.meta_app_id or not settings.meta_app_secret:
        raise Conflict("no_meta_app", code="no_meta_app")
    state = secrets.random_token()
    row = MessengerConnect(
        user_id=identity.user_id,
        session_id=identity.session_id,
        token_id=identity.token_id,
        state_hash=secrets.hashed(state),
    )
    db.session.add(row)
    db.session.commit()
    return FacebookLogin(settings).dialog_url(redirect_uri(), state, again=again)


def come_back(identity: Identity, query: dict[str, str]) -> MessengerConnect:
    """The browser is back from the dialog: take the run up and find the pages. Raises ConnectFailed."""
    row = _taken(identity, query.get("state") or "")
    if row is None:
        raise ConnectFailed(Failure(own="fb_state", step="callback"))
    connect_id = row.id
    try:
        _refuse_dialog_errors(query)
        scopes, pages = _ask(query.get("code") or "")
    except FacebookFailed as error:
        raise _failed(connect_id, error.failure) from error
    row = _get(connect_id)
    row.scopes = scopes
    row.pages = secrets.encrypt({page.id: json.dumps([page.name, page.token, page.tasks]) for page in pages})
    db.session.commit()
    return row


def _taken(identity: Identity, state: str) -> MessengerConnect | None:
    """The run with this state, from now on used; None where it is not this login's, old or used."""
    row = db.session.scalar(
        select(MessengerConnect)
        .where(MessengerConnect.state_hash == secrets.hashed(state[:500]))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    ours = row is not None and _is_of(row, identity)
    if not ours or row.used_at is not None or row.created_at < now() - STATE_LIVES:
        db.session.rollback()
        return None
    row.used_at = now()
    db.session.commit()
    return row


def _is_of(row: MessengerConnect, identity: Identity) -> bool:
    return (row.user_id, row.session_id, row.token_id) == (
        identity.user_id,
        identity.session_id,
        identity.token_id,
    )


def _refuse_dialog_errors(query: dict[str, str]) -> None:
    if query.get("error") == "access_denied":
        words = query.get("error_description", "")[:300]
        raise FacebookFailed(Failure(own="fb_cancelled", message=words, step="dialog"))
    if query.get("error") or query.get("error_code"):
        code = query.get("error_code", "")
        known = int(code) if code.isascii() and code.isdigit() and len(code) < 12 else None
        words = (query.get("error_message") or query.get("error_description") or "")[:300]
        raise FacebookFailed(Failure(code=known, message=words, step="dialog"))
    if not query.get("code"):
        raise FacebookFailed(Failure(message="no code", step="dialog"))


def _ask(code: str) -> tuple[dict, list[Page]]:
    """(grants, pages) of whoever logged in. Raises FacebookFailed."""
    login = FacebookLogin(config.active())
    token = login.long_lived(login.exchange(code[:2000], redirect_uri()))
    grants = login.grants(token)
    missing = [scope for scope in NEEDED if grants.get(scope) != "granted"]
    if missing:
        words = f"not granted: {', '.join(missing)}"
        raise FacebookFailed(Failure(own="fb_page_permissions", message=words, step="permissions"))
    pages = login.pages(token)
    if not pages:
        raise FacebookFailed(Failure(own="fb_no_pages", step="accounts"))
    return grants, pages


def _failed(connect_id: int, failure: Failure) -> ConnectFailed:
    """Keep what support needs, and nothing else."""
    db.session.rollback()
    row = _get(connect_id)
    row.failure = {**failure.plain(), "at": presenting.iso(now())}
    row.pages = None
    db.session.commit()
    return ConnectFailed(failure, connect_id)


def _get(connect_id: int) -> MessengerConnect:
    row = db.session.get(MessengerConnect, connect_id, populate_existing=True)
    if row is None:
        raise NotFound("connect")
    return row


# --- pages -------------------------------------------------------------------------------------


def offers(row: MessengerConnect) -> list[Offer]:
    """The pages of a run; of each that cannot be used, why."""
    pages = _pages(row)
    with all_organizations("an account may be connected only once in the installation"):
        found = db.session.execute(
            select(Device.external_account, Device.organization_id).where(
                Device.type == "messenger",
                Device.deleted_at.is_(None),
                Device.external_account.in_([page.id for page in pages]),
            )
        ).all()
    owners = {account: organization_id for account, organization_id in found}
    return [_offer(page, owners.get(page.id), row.organization_id) for page in pages]


def _offer(page: Page, owner: int | None, organization_id: int) -> Offer:
    if owner is not None and owner != organization_id:
        return Offer(page.id, page.name, False, "account_in_use")
    if not page.may_message:
        return Offer(page.id, page.name, False, "fb_page_task")
    return Offer(page.id, page.name, True, "page_connected_already" if owner else None)


def _pages(row: MessengerConnect) -> list[Page]:
    if not row.pages or row.created_at < now() - PAGES_LIVE:
        return []
    opened = ((page_id, json.loads(kept)) for page_id, kept in secrets.decrypt(row.pages).items())
    return [
        Page(page_id, name, token, tuple(tasks) if tasks is not None else None)
        for page_id, (name, token, tasks) in opened
    ]


def latest(identity: Identity) -> MessengerConnect:
    """The run of this login whose pages wait to be chosen. Raises NotFound."""
    row = db.session.scalar(
        select(MessengerConnect)
        .where(
            MessengerConnect.user_id == identity.user_id,
            MessengerConnect.session_id.is_not_distinct_from(identity.session_id),
            MessengerConnect.token_id.is_not_distinct_from(identity.token_id),
            MessengerConnect.pages.is_not(None),
            MessengerConnect.created_at > now() - PAGES_LIVE,
        )
        .order_by(MessengerConnect.id.desc())
        .limit(1)
    )
    if row is None:
        raise NotFound("connect")
    return row


def show(identity: Identity, connect_id: int) -> MessengerConnect:
    """A run, to look at: its pages only for the login that began it. Raises NotFound."""
    row = _get(connect_id)
    if row.failure is None and not _is_of(row, identity):
        raise NotFound("connect")
    return row


def connect_pages(
    identity: Identity, page_ids: list[str], connect_id: int | None = None
) -> tuple[list[Device], dict[str, ConnectFailed]]:
    """Subscribe and keep the chosen pages: (devices, failures by page). Raises Invalid, NotFound."""
    row = latest(identity) if connect_id is None else show(identity, connect_id)
    usable = {offer.id for offer in offers(row) if offer.usable}
    if not page_ids or len(page_ids) > MOST_AT_ONCE or set(page_ids) - usable:
        raise Invalid("pages", fields={"page_ids": ["page_unusable" if page_ids else "required"]})
    pages = {page.id: page for page in _pages(row)}
    run_id, scopes = row.id, sorted(key for key, state in (row.scopes or {}).items() if state == "granted")
    db.session.commit()
    made: list[int] = []
    failures: dict[str, ConnectFailed] = {}
    for page_id in dict.fromkeys(page_ids):
        try:
            made.append(_connect(pages[page_id], scopes))
        except FacebookFailed as error:
            failures[page_id] = _noted(run_id, page_id, error.failure)
    if made:
        _get(run_id).finished_at = now()
        db.session.commit()
    return [devices.get(device_id) for device_id in made], failures


def _connect(page: Page, scopes: list[str]) -> int:
    """Subscribe first, then keep: a page that sends us nothing must not look connected."""
    FacebookLogin(config.active()).subscribe(page)
    known = db.session.scalar(
        select(Device).where(
            Device.type == "messenger", Device.external_account == page.id, Device.deleted_at.is_(None)
        )
    )
    settings = {"page_id": page.id, "page_access_token": page.token}
    if known is not None:
        device = devices.change(known.id, {"config": settings, "is_active": True})
    else:
        device = devices.create("messenger", page.name, settings)
    facts = {"name": page.name, "scopes": ", ".join(scopes), "connected_at": presenting.iso(now())}
    device.config = {**device.config, "facts": {**(device.config.get("facts") or {}), **facts}}
    device_id = device.id
    db.session.flush()
    devices.mark(device_id, "connected", None)
    db.session.commit()
    return device_id


def _noted(connect_id: int, page_id: str, failure: Failure) -> ConnectFailed:
    """The page's failure, kept with the run; its pages stay, so that another one can be chosen."""
    db.session.rollback()
    row = _get(connect_id)
    row.failure = {**failure.plain(), "page_id": page_id, "at": presenting.iso(now())}
    db.session.commit()
    return ConnectFailed(failure, connect_id)


def clean() -> None:
    """Wipe page tokens that nobody chose, and forget old runs; commits."""
    db.session.execute(
        update(MessengerConnect)
        .where(MessengerConnect.pages.is_not(None), MessengerConnect.created_at < now() - PAGES_LIVE)
        .values(pages=None)
        .execution_options(synchronize_session=False)
    )
    db.session.execute(
        db.delete(MessengerConnect)
        .where(MessengerConnect.created_at < now() - KEPT)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
