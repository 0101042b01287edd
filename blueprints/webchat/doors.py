"""Who is at the door of the web chat's API: the chat, the calling site, the visitor; and how often."""

from flask import request

from cloudchat import config
from cloudchat.errors import Forbidden, Unauthorized
from cloudchat.services import webchat_visitors
from cloudchat.services.device_routes import Route
from cloudchat.services.webchat_visitors import Visitor

SESSIONS_PER_ADDRESS = "120 per minute"  # many phones share one address
SESSIONS_PER_CHAT = "600 per minute"
MESSAGES_PER_VISITOR = "120 per minute"
FILES_PER_VISITOR = "30 per 10 minutes"
FILES_PER_ADDRESS = "300 per hour"
READS_PER_VISITOR = "240 per minute"


def chat_of(public_key: str) -> Route:
    """The chat that a page of the calling site may use. Raises NotFound, Forbidden."""
    route = webchat_visitors.open_chat(public_key)
    own = {config.active().public_url, f"http://{request.host}", f"https://{request.host}"}
    if not webchat_visitors.origin_allowed(route, request.headers.get("Origin"), own):
        raise Forbidden(code="origin_refused")
    return route


def visitor_of(public_key: str) -> Visitor:
    """Whoever holds the bearer token, if it is of this chat. Raises NotFound, Forbidden, Unauthorized."""
    route = chat_of(public_key)
    token = _bearer()
    if not token:
        raise Unauthorized(code="chat_session")
    return webchat_visitors.require_visitor(token, route)


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def visitor_key() -> str:
    """The bucket of a visitor, by whom the token names and not by its spelling; else of the address."""
    visitor = webchat_visitors.visitor_of(_bearer())
    return f"chat:{visitor.external_user_id}" if visitor else f"chat:{request.remote_addr}"


def chat_key() -> str:
    """The bucket of a whole chat, whoever calls."""
    return "chat-key:" + str((request.view_args or {}).get("public_key", ""))[:40]


def has_no_file() -> bool:
    """Whether the limits of uploads do not concern this request."""
    return request.mimetype != "multipart/form-data"
