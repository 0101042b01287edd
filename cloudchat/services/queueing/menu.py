"""The menu of divisions in the best form that a channel has. The text always tells every number."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloudchat.channels.base import Capabilities
from cloudchat.channels.text import cut, length
from cloudchat.services.queueing.choice import PAYLOAD


@dataclass(frozen=True)
class Line:
    """One division of the menu; `wait` stands behind its name in brackets."""

    division_id: int
    name: str
    description: str = ""
    wait: str = ""


@dataclass(frozen=True)
class Menu:
    """A message to send: its kind, its text and what goes with it."""

    kind: str
    text: str
    payload: dict = field(default_factory=dict)


def build(intro: str, lines: Sequence[Line], capabilities: Capabilities, list_button: str = "") -> Menu:
    """Buttons where the channel has enough of them, else its list, else text alone."""
    room = min(capabilities.menu_text_length, capabilities.text_length)
    text = _text(intro, lines, room)
    if text is not None and lines:
        if len(lines) <= capabilities.buttons:
            return Menu("buttons", text, {"buttons": _choices(lines, capabilities.button_title)})
        if len(lines) <= capabilities.list_rows:
            return Menu("list", text, _list(lines, capabilities, list_button))
    return Menu("text", _fitted(intro, lines, capabilities.text_length))


def wait_note(waiting: int, minutes: int | None) -> str:
    """For example "3 antrian, ~15 menit"; empty where nobody waits. No number where none is known."""
    if not waiting:
        return ""
    wait = "lama tunggu belum diketahui" if minutes is None else f"~{minutes} menit"
    return f"{waiting} antrian, {wait}"


def _choices(lines: Sequence[Line], limit: int) -> list[dict]:
    return [
        {"id": f"{PAYLOAD}{line.division_id}", "title": _label(number, line, limit)}
        for number, line in enumerate(lines, 1)
    ]


def _label(number: int, line: Line, limit: int) -> str:
    """The number first: it makes every label one of a kind and is never what gets cut."""
    head = f"{number}. "
    return head + cut(_one_line(line.name), limit - length(head))


def _list(lines: Sequence[Line], capabilities: Capabilities, list_button: str) -> dict:
    rows = _choices(lines, capabilities.list_title)
    for row, line in zip(rows, lines, strict=True):
        parts = [line.wait, _one_line(line.description)]
        if not row["title"].endswith(_one_line(line.name)):
            parts.insert(0, _one_line(line.name))
        description = " - ".join(part for part in parts if part)
        if description:
            row["description"] = cut(description, capabilities.list_description)
    return {"buttons": rows, "list_button": list_button}


def _text(intro: str, lines: Sequence[Line], room: int) -> str | None:
    """The whole menu, without descriptions if need be; None where even that is too long."""
    for with_description in (True, False):
        whole = _compose(intro, [_numbered(n, line, with_description) for n, line in enumerate(lines, 1)])
        if length(whole) <= room:
            return whole
    return None


def _numbered(number: int, line: Line, with_description: bool = True) -> str:
    shown = f"{number}. {_one_line(line.name)}"
    if line.wait:
        shown += f" ({line.wait})"
    if with_description and line.description.strip():
        shown += f" - {_one_line(line.description)}"
    return shown


def _fitted(intro: str, lines: Sequence[Line], room: int) -> str:
    """Within any room: names are shortened, then the introduction; every number stays."""
    whole = _text(intro, lines, room)
    if whole is not None or not lines:
        return whole or cut(intro, room)
    heads = [f"{number}. " for number in range(1, len(lines) + 1)]
    share = max(8, (room // 2 - sum(length(head) + 1 for head in heads)) // len(lines))
    short = [head + cut(_one_line(line.name), share) for head, line in zip(heads, lines, strict=True)]
    rest = room - length("\n".join(short)) - 2
    return _compose(cut(intro, max(rest, 0)), short)


def _compose(intro: str, lines: Sequence[str]) -> str:
    return "\n\n".join(part for part in (intro.strip(), "\n".join(lines)) if part)


def _one_line(text: str) -> str:
    return " ".join(text.split())
