"""How a web chat looks and who may embed it: a device's settings, checked before they are used.

The colour ends in a style and the origins in a response header, so nothing is passed on unparsed.
"""

import re
from dataclasses import dataclass
from typing import Any

DEFAULT_COLOR = "#0f766e"
MAX_WELCOME = 1000
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
# What may stand in `frame-ancestors`: scheme, host (perhaps with one leading *.), port.
_ORIGIN = re.compile(
    r"https?://(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?"
)
_TRUE = (True, "true", "1", "on", "yes")


@dataclass(frozen=True)
class ChatSettings:
    """What the page of one web chat device shows. `origins` None means that any site may embed it."""

    name: str
    color: str
    welcome: str
    ask_name: bool
    origins: tuple[str, ...] | None


def settings_of(name: str, config: dict[str, Any]) -> ChatSettings:
    """The settings in a device's config; a value that is not valid is as good as absent.

    Only origins differ: where all that were written are wrong, no other site may embed the chat.
    """
    return ChatSettings(
        name=name,
        color=valid_color(config.get("color")) or DEFAULT_COLOR,
        welcome=str(config.get("welcome") or "")[:MAX_WELCOME],
        ask_name=config.get("ask_name") in _TRUE,
        origins=_valid_origins(config.get("allowed_origins")),
    )


def valid_color(value: Any) -> str | None:
    """`#rrggbb` in lower case, or None."""
    return value.lower() if isinstance(value, str) and _COLOR.fullmatch(value) else None


def config_errors(config: dict[str, Any]) -> dict[str, list[str]]:
    """What is wrong with settings that somebody wants to save, by field."""
    errors: dict[str, list[str]] = {}
    if config.get("color") and not valid_color(config["color"]):
        errors["config.color"] = ["color_invalid"]
    if len(str(config.get("welcome") or "")) > MAX_WELCOME:
        errors["config.welcome"] = ["too_long"]
    if any(not _origin(entry) for entry in _entries(config.get("allowed_origins"))):
        errors["config.allowed_origins"] = ["origin_invalid"]
    return errors


def origin_listed(settings: ChatSettings, origin: str) -> bool:
    """Whether the device's list names this origin. An absent list names nobody."""
    return any(_matches(allowed, origin.lower()) for allowed in settings.origins or ())


def frame_ancestors(settings: ChatSettings) -> str:
    """The value of the `frame-ancestors` directive: who may show the frame."""
    return "*" if settings.origins is None else " ".join(("'self'", *settings.origins))


def _valid_origins(value: Any) -> tuple[str, ...] | None:
    entries = _entries(value)
    if not entries:
        return None
    return tuple(dict.fromkeys(filter(None, map(_origin, entries))))


def _entries(value: Any) -> list[str]:
    """A list, or one text with commas, spaces or line breaks between the origins."""
    if isinstance(value, str):
        return re.split(r"[\s,]+", value.strip()) if value.strip() else []
    return [str(entry) for entry in value] if isinstance(value, list | tuple) else []


def _origin(entry: str) -> str | None:
    entry = entry.strip().rstrip("/").lower()
    return entry if len(entry) <= 253 and _ORIGIN.fullmatch(entry) else None


def _matches(allowed: str, origin: str) -> bool:
    if "*" not in allowed:
        return allowed == origin
    pattern = re.escape(allowed).replace(r"\*", r"[a-z0-9.-]+")
    return re.fullmatch(pattern, origin) is not None
