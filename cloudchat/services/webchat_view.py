"""What a web chat visitor may see of a message, and links to its files that expire.

Files are shown by `<img>` and `<video>` and downloaded inside other apps' browsers; those send no
bearer token, and several cannot save what a script fetched. So files get a signed address that
works for some minutes, made only for whoever may see the message.
"""

import time

from itsdangerous import BadSignature, URLSafeSerializer

from cloudchat import config
from cloudchat.errors import NotFound

LINK_STEP = 300  # an address stays the same for so long, so that the browser's cache can help
LINK_SECONDS = 900
PUBLIC_FIELDS = ("id", "direction", "sender_type", "type", "text", "status", "created_at")
PUBLIC_PAYLOAD = ("buttons", "list_button", "location", "choice_id", "header", "footer")
PUBLIC_BUTTON = ("id", "title", "description")
PUBLIC_ATTACHMENT = ("id", "kind", "filename", "mime", "size", "width", "height", "state")


def public_message(message: dict, client_id: str | None = None, chat: tuple[int, str] | None = None) -> dict:
    """A message as its customer may see it: by an allow-list, so that nothing new leaks by itself.

    `chat` is (organization id, public key); with it, files come with their address.
    """
    shown = {name: message[name] for name in PUBLIC_FIELDS}
    payload = message.get("payload") or {}
    shown["payload"] = {name: payload[name] for name in PUBLIC_PAYLOAD if name in payload}
    if payload.get("buttons"):
        shown["payload"]["buttons"] = [
            {name: button[name] for name in PUBLIC_BUTTON if name in button} for button in payload["buttons"]
        ]
    if payload.get("attachments"):
        shown["payload"]["attachments"] = [_public_attachment(item, chat) for item in payload["attachments"]]
    if client_id:
        shown["client_id"] = client_id
    return shown


def _public_attachment(item: dict, chat: tuple[int, str] | None) -> dict:
    shown = {name: item[name] for name in PUBLIC_ATTACHMENT}
    if chat and item["state"] == "ready":
        shown["url"] = file_link(*chat, item["id"])
    return shown


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(config.active().secret_key, salt="webchat-file")


def file_link(organization_id: int, public_key: str, attachment_id: int) -> str:
    """An address of the file that works without a token, for 10 to 15 minutes."""
    until = int(time.time()) // LINK_STEP * LINK_STEP + LINK_SECONDS
    sealed = _signer().dumps([organization_id, attachment_id, until])
    return f"/api/chat/{public_key}/attachments/{attachment_id}?t={sealed}"


def open_link(organization_id: int, attachment_id: int, sealed: str) -> int:
    """Seconds for which the address still works. Raises NotFound where it was altered or has expired."""
    try:
        named_organization, named_attachment, until = _signer().loads(sealed)
    except (BadSignature, TypeError, ValueError):
        raise NotFound("attachment") from None
    left = int(until - time.time())
    if (named_organization, named_attachment) != (organization_id, attachment_id) or left <= 0:
        raise NotFound("attachment")
    return left
