"""Fitting text into a channel: cutting where a reader sees a border, and menus in the best form it has."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from cloudchat.channels.base import Capabilities

MARK = "…"
_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True)
class Menu:
    """Choices made ready for one channel; the fields are those of OutboundMessage."""

    kind: str  # buttons | list | text
    text: str
    buttons: tuple[dict, ...] = ()


def length(text: str) -> int:
    """Length in UTF-16 units: no provider counts more than that, so what fits here fits everywhere."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """At most `limit` of `text`, marked with … where something went, never inside a grapheme.

    Only a first grapheme that alone is too long (a letter under a thousand accents) is broken.
    """
    if length(text) <= limit:
        return text
    room = limit - length(MARK)
    kept = _take((match.group() for match in _GRAPHEME.finditer(text)), room) or _take(text, room)
    return kept.rstrip() + MARK if limit > 0 else ""


def _take(parts, room: int) -> str:
    kept = []
    for part in parts:
        room -= length(part)
        if room < 0:
            break
        kept.append(part)
    return "".join(kept)


def unique_titles(titles: Sequence[str], limit: int) -> list[str]:
    """The titles cut to `limit` (at least 8), numbered where cutting made two of them look alike."""
    made: list[str] = []
    seen: set[str] = set()
    for title in titles:
        candidate, number = cut(title, limit), 2
        while candidate.casefold() in seen:
            suffix = f" {number}"
            candidate, number = cut(title, limit - len(suffix)) + suffix, number + 1
        seen.add(candidate.casefold())
        made.append(candidate)
    return made


def render_choices(text: str, choices: Sequence[dict], capabilities: Capabilities) -> Menu:
    """A menu as buttons, a list or numbered text, whichever is the best that fits the channel.

    A choice is {"id", "title", "description"?}; its number is its place, counted from 1. Nothing of a
    title is lost: a cut one stands in full in the row's description or, numbered, in the text.
    """
    titles = [_one_line(choice["title"]) or str(n) for n, choice in enumerate(choices, 1)]
    choices = [
        {**choice, "title": title, "description": _one_line(choice.get("description"))}
        for choice, title in zip(choices, titles, strict=True)
    ]
    interactive = text.strip() and length(text) <= capabilities.menu_text_length
    if choices and interactive and len(choices) <= capabilities.buttons:
        fit = unique_titles(titles, capabilities.button_title)
        if fit == titles:
            return Menu("buttons", text, _buttons(choices, fit))
        numbered = _compose(text, _lines(choices))
        if not capabilities.list_rows and length(numbered) <= capabilities.menu_text_length:
            return Menu("buttons", numbered, _buttons(choices, fit))
    if choices and interactive and len(choices) <= capabilities.list_rows:
        return Menu("list", text, _rows(choices, capabilities))
    return Menu("text", _numbered(text, choices, capabilities.text_length))


def _buttons(choices: Sequence[dict], titles: Sequence[str]) -> tuple[dict, ...]:
    pairs = zip(choices, titles, strict=True)
    return tuple({"id": choice["id"], "title": title} for choice, title in pairs)


def _rows(choices: Sequence[dict], capabilities: Capabilities) -> tuple[dict, ...]:
    titles = unique_titles([choice["title"] for choice in choices], capabilities.list_title)
    rows = []
    for row, choice in zip(_buttons(choices, titles), choices, strict=True):
        full = choice["title"] if row["title"] != choice["title"] else ""
        description = " – ".join(part for part in (full, choice["description"]) if part)
        if description:
            row["description"] = cut(description, capabilities.list_description)
        rows.append(row)
    return tuple(rows)


def _numbered(text: str, choices: Sequence[dict], limit: int) -> str:
    """The menu as text within `limit`. Descriptions go first, then the ends of titles; never a number."""
    for with_description in (True, False):
        whole = _compose(text, _lines(choices, with_description))
        if length(whole) <= limit:
            return whole
    shown = [dict(choice) for choice in choices[: limit // 16]]  # below that nothing readable is left
    room = limit - 2 - sum(len(f"{n}. \n") for n in range(1, len(shown) + 1))
    wanted = sum(length(choice["title"]) for choice in shown)
    text = cut(text, max(room // 2, room - wanted))
    for choice in shown:
        choice["title"] = cut(choice["title"], (room - length(text)) // len(shown))
    return _compose(text, _lines(shown, with_description=False))


def _lines(choices: Sequence[dict], with_description: bool = True) -> list[str]:
    return [
        f"{number}. {choice['title']}"
        + (f" – {choice['description']}" if with_description and choice["description"] else "")
        for number, choice in enumerate(choices, 1)
    ]


def _compose(text: str, lines: Sequence[str]) -> str:
    return "\n\n".join(part for part in (text, "\n".join(lines)) if part)


def _one_line(text: str | None) -> str:
    """WhatsApp refuses a title with a line break."""
    return " ".join((text or "").split())
