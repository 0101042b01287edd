"""The door: who is calling, may they, in which organization.

Every route carries exactly one of `@requires(role)` and `@public(reason)`; a test walks the map.
"""

import functools
from collections.abc import Callable
from contextlib import ExitStack

import structlog
from flask import Response, g, request, session
from flask_wtf.csrf import CSRFProtect

from cloudchat import events
from cloudchat.bodies import API_BODY, UPLOAD_BODY
from cloudchat.errors import Forbidden, Unauthorized
from cloudchat.services import accounts, audit, login_rules
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as
from cloudchat.web.scopes import scope_of_request

csrf = CSRFProtect()


def requires(
    role: str, *, upload: bool = False, enrolling: bool = False, scope: str | None = None
) -> Callable:
    """Let in whoever has at least this role (`agent`, `manager`, `admin`; or `operator`).

    `enrolling`: also who has logged in and must first set a second factor up. `scope`: what an API token
    with limits needs, where web/scopes.py does not say it for the whole blueprint.
    """

    def decorate(view: Callable) -> Callable:
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            request.max_content_length = UPLOAD_BODY if upload else API_BODY
            admit(role, enrolling, scope_of_request(scope, role))
            return view(*args, **kwargs)

        guarded.door = role
        guarded.scope = scope
        guarded.takes_files = upload
        return guarded

    return decorate


def public(reason: str) -> Callable:
    """A route that anybody may call, for a stated reason."""

    def decorate(view: Callable) -> Callable:
        view.door = "public"
        view.public_reason = reason
        return view

    return decorate


def sized(limit: int) -> Callable:
    """Refuse bodies of more than `limit` bytes on a public route."""

    def decorate(view: Callable) -> Callable:
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            request.max_content_length = limit
            return view(*args, **kwargs)

        guarded.takes_files = limit > API_BODY
        return guarded

    return decorate


def admit(role: str, enrolling: bool = False, scope: str | None = None) -> Identity:
    """Identify the caller, check role and CSRF token, and enter their organization until the
    request ends. Raises Unauthorized, Forbidden."""
    identity = identify()
    if identity is None:
        raise Unauthorized()
    if identity.must_enrol and not enrolling:
        raise Forbidden(code="second_factor_due")
    if not identity.may(role):
        raise Forbidden()
    if not identity.has_scope(scope):
        raise Forbidden(code="scope_missing", extra={"scope": scope})
    return identity


def identify() -> Identity | None:
    """The caller, by bearer token or session cookie; None for a stranger. Enters the organization."""
    if "identity" in g:
        return g.identity
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        identity = _by_token(header.removeprefix("Bearer ").strip())
    else:
        identity = _by_session()
        if identity is not None and request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_csrf()
    if identity is None:
        _leave_scope()
        return None
    if not login_rules.is_within(identity.networks, request.remote_addr):
        raise Forbidden(code="network_refused")
    if identity.acting:
        _enter(identity.organization_id)
    g.identity = identity
    audit.set_actor(audit.Actor(identity.user_id, identity.name, request.remote_addr))
    structlog.contextvars.bind_contextvars(organization_id=identity.organization_id, user_id=identity.user_id)
    return identity


def me() -> Identity:
    """The caller of a guarded route."""
    return g.identity


def _by_token(token: str) -> Identity | None:
    organization_id = accounts.token_organization(token)
    if organization_id is None:
        return None
    _enter(organization_id)
    identity = accounts.identify_token(token, request.remote_addr)
    if identity is None and accounts.is_of_inactive_organization(token):
        raise Forbidden(code="organization_inactive")
    return identity


def _by_session() -> Identity | None:
    organization_id, token = session.get("organization"), session.get("token")
    if not isinstance(organization_id, int) or not isinstance(token, str):
        return None
    _enter(organization_id)
    return accounts.identify_session(organization_id, token, in_use=_by_hand())


def _by_hand() -> bool:
    """Is a person at work? What a page asks for by itself must not keep an idle session alive."""
    fetched = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
    return request.method not in ("GET", "HEAD") or not fetched


def _check_csrf() -> None:
    csrf.protect()


def _enter(organization_id: int) -> None:
    if "scopes" not in g:
        g.scopes = ExitStack()
    g.scopes.enter_context(acting_as(organization_id))


def _leave_scope() -> None:
    scopes = g.pop("scopes", None)
    if scopes is not None:
        scopes.close()


def finish_request(response: Response) -> Response:
    events.drain()
    return response


def forget_caller(_error: BaseException | None = None) -> None:
    """Connections are kept open and shared by proxies: nothing of one caller may reach the next."""
    _leave_scope()
    audit.set_actor(audit.SYSTEM)
