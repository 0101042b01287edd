"""Visitors of the web chat: which chat a key opens, who holds a session token, which sites may call."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select

from cloudchat import config
from cloudchat.channels.payload import clean_text
from cloudchat.errors import NotFound, Unauthorized
from cloudchat.extensions import db
from cloudchat.models import Device, Organization
from cloudchat.services import device_routes
from cloudchat.services.secrets import random_token
from cloudchat.services.webchat_settings import ChatSettings, origin_listed, settings_of
from cloudchat.tenancy import acting_as, all_organizations

SESSION_DAYS = 180
PREFIX = "web:"
MAX_NAME = 100


@dataclass(frozen=True)
class Visitor:
    """Somebody in front of a web chat page, known by a signed token that holds just this."""

    organization_id: int
    device_id: int
    external_user_id: str
    name: str

    @property
    def code(self) -> str:
        """A few characters that tell nameless visitors apart in the inbox."""
        return re.sub(r"\W|_", "", self.external_user_id.removeprefix(PREFIX))[-4:].upper()


def is_visitor(external_user_id: str) -> bool:
    """Whether a conversation's customer listens on our own socket."""
    return external_user_id.startswith(PREFIX)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.active().secret_key, salt="webchat-session")


def open_chat(public_key: str) -> device_routes.Route:
    """Where this public key leads. Raises NotFound, also for a device or an organization that is
    switched off."""
    route = device_routes.by_public_key("webchat", clean_text(public_key))
    if route is None or not route.is_open:
        raise NotFound("chat")
    return route


def start_session(route: device_routes.Route, name: str = "") -> str:
    """A token for a new visitor. Nothing is stored until the first message."""
    external_user_id = PREFIX + random_token(16)
    sealed = [route.organization_id, route.device_id, external_user_id, clean_name(name)]
    return _serializer().dumps(sealed)


def clean_name(name: str) -> str:
    """A name on one line, without characters that turn or hide the text around it."""
    shown = "".join(c for c in clean_text(name) if unicodedata.category(c) not in ("Cf", "Co"))
    return " ".join("".join(c if c.isprintable() else " " for c in shown).split())[:MAX_NAME]


def visitor_of(token: str, route: device_routes.Route | None = None) -> Visitor | None:
    """Who holds this token, if it is ours, not too old, and of this chat."""
    try:
        visitor = Visitor(*_serializer().loads(token, max_age=SESSION_DAYS * 86_400))
    except (BadSignature, TypeError, ValueError):
        return None
    if route is not None and route.device_id != visitor.device_id:
        return None
    return visitor


def require_visitor(token: str, route: device_routes.Route) -> Visitor:
    """The holder of the token. Raises Unauthorized for none, or for one of another chat."""
    visitor = visitor_of(token, route)
    if visitor is None:
        raise Unauthorized(code="chat_session")
    return visitor


def chat_settings(route: device_routes.Route) -> ChatSettings:
    """What the chat page shows: the device's name, colour and welcome text."""
    with acting_as(route.organization_id):
        device = db.session.get(Device, route.device_id)
        return settings_of(device.name, device.config)


def origin_allowed(route: device_routes.Route, origin: str | None, own: Iterable[str]) -> bool:
    """May a page of this origin call the API? Ours may (the widget's frame is ours), others only by name."""
    if origin is None or origin in own:
        return True
    return origin_listed(chat_settings(route), origin)


def closed_chats(device_ids: set[int]) -> set[int]:
    """Those of the devices that are switched off or gone, or whose organization is, whoever owns them."""
    if not device_ids:
        return set()
    with all_organizations("sockets of switched-off chats are cut"):
        working = db.session.scalars(
            select(Device.id)
            .join(Organization, Organization.id == Device.organization_id)
            .where(
                Device.id.in_(device_ids),
                Device.is_active,
                Device.deleted_at.is_(None),
                Organization.is_active,
            )
        )
        return device_ids - set(working)
