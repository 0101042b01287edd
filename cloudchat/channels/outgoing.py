"""What every adapter asks of a message before it calls its provider; a refusal here costs no call."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from typing import IO

from cloudchat.channels import payload
from cloudchat.channels.base import Capabilities, OutboundMessage
from cloudchat.channels.text import length
from cloudchat.errors import ProviderError


def refusal(code: str, message: str) -> ProviderError:
    """Our own refusal of what the provider would refuse as well."""
    return ProviderError(message, code=code, permanent=True)


def filled(what: str, text: str | None, most: int) -> str:
    """The text, cleaned. Raises ProviderError where it is empty or too long."""
    if not text or not text.strip():
        raise refusal("empty", f"The {what} is empty.")
    return fitting(what, text, most)


def fitting(what: str, text: str, most: int) -> str:
    """The text, cleaned, if it has at most `most` UTF-16 units. Raises ProviderError."""
    if length(text) > most:
        raise refusal("too_long", f"The {what} has {length(text)} characters; {most} are allowed.")
    return payload.clean_text(text)


def choices(message: OutboundMessage, capabilities: Capabilities) -> list[tuple[str, str]]:
    """(id, title) of each button, within the channel's limits. Raises ProviderError."""
    if not 1 <= len(message.buttons) <= capabilities.buttons:
        raise refusal("bad_choices", f"The channel takes 1 to {capabilities.buttons} choices.")
    made = []
    for button in message.buttons:
        name, title = str(button.get("id") or ""), str(button.get("title") or "")
        filled("button title", title, capabilities.button_title)
        if not 1 <= len(name.encode("utf-8", "replace")) <= capabilities.button_id:
            raise refusal("bad_choices", f"The id of a choice may have {capabilities.button_id} bytes.")
        made.append((payload.clean_text(name), payload.clean_text(title)))
    if len(dict(made)) < len(made):
        raise refusal("bad_choices", "Two choices have the same id.")
    return made


def coordinates(message: OutboundMessage) -> tuple[float, float]:
    """Latitude and longitude. Raises ProviderError where there are none."""
    given = message.location or {}
    try:
        place = float(given["latitude"]), float(given["longitude"])
    except (KeyError, TypeError, ValueError):
        raise refusal("bad_location", "The location has no coordinates.") from None
    if not all(map(isfinite, place)):
        raise refusal("bad_location", "The location has no coordinates.")
    return place


@contextmanager
def opened(message: OutboundMessage, capabilities: Capabilities) -> Iterator[tuple[str, IO[bytes], str]]:
    """(name, open file, MIME type) of the message's file. Raises ProviderError where it is unfit."""
    kind, mime = message.kind, (message.media_mime or "").lower()
    types = capabilities.media_types.get(kind)
    if types is not None and mime.partition(";")[0].strip() not in types:
        raise refusal("bad_media_type", f"The channel takes no {mime or 'such file'} as {kind}.")
    try:
        content = open(message.media_path or "", "rb")  # noqa: SIM115 (its own errors are not the caller's)
    except OSError:
        raise refusal("file_missing", "The file is no longer there.") from None
    with content as file:
        size, most = os.fstat(file.fileno()).st_size, capabilities.media[kind]
        if not 0 < size <= most:
            raise refusal("bad_size", f"The file has {size} bytes; 1 to {most} are allowed.")
        yield payload.clean_text(message.media_filename or "file"), file, mime or "application/octet-stream"
