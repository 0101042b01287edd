"""What a channel takes, asked before anything is kept: a refusal at the door is one that can be mended."""

from cloudchat.channels.base import Capabilities
from cloudchat.errors import Invalid
from cloudchat.services.files import StoredFile


def check(capabilities: Capabilities, text: str, upload: StoredFile | None, payload: dict) -> str:
    """The kind of message that this makes on the channel. Raises Invalid with the field at fault."""
    if upload:
        return _media_kind(capabilities, text, upload)
    if payload.get("buttons"):
        return _choice_kind(capabilities, text, payload)
    if payload.get("location"):
        return "location"
    if not text:
        raise _refused("text", "required")
    if len(text) > capabilities.text_length:
        raise _refused("text", "too_long")
    return "text"


def _media_kind(capabilities: Capabilities, text: str, upload: StoredFile) -> str:
    """The kind that the bytes have, or a document where the channel shows such files in no other way."""
    for kind in (upload.kind, "document"):
        types = capabilities.media_types.get(kind)
        if kind in capabilities.media and (types is None or upload.mime in types):
            break
    else:
        raise _refused("file", "file_type_refused_by_channel")
    if upload.size > capabilities.media[kind]:
        raise _refused("file", "file_too_large_for_channel")
    if len(text) > max(capabilities.text_length, capabilities.caption_length):
        raise _refused("text", "too_long")
    return kind


def text_goes_apart(capabilities: Capabilities, kind: str, text: str) -> bool:
    """Do a file of this kind and its text become two messages, as people send them there?"""
    if not text or kind not in capabilities.media:
        return False
    return kind in capabilities.captionless or len(text) > capabilities.caption_length


def _choice_kind(capabilities: Capabilities, text: str, payload: dict) -> str:
    choices = payload["buttons"]
    is_list = bool(payload.get("list_button") and capabilities.list_rows)
    most = capabilities.list_rows if is_list else capabilities.buttons
    longest = capabilities.list_title if is_list else capabilities.button_title
    if not text:
        raise _refused("text", "required")
    if len(text) > capabilities.menu_text_length:
        raise _refused("text", "too_long")
    if len(choices) > most:
        raise _refused("buttons", "too_many_choices" if most else "choices_refused_by_channel")
    if any(len(choice["title"]) > longest for choice in choices):
        raise _refused("buttons", "choice_too_long")
    for key in ("id", "title"):
        if len({choice[key] for choice in choices}) < len(choices):
            raise _refused("buttons", "choices_alike")
    return "list" if is_list else "buttons"


def _refused(field: str, reason: str) -> Invalid:
    return Invalid("message", fields={field: [reason]})
