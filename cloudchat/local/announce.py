"""What `make run` tells the person at the terminal."""

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import TextIO

LABELS = {
    "webchat_url": "Web chat (as a customer)",
    "widget_demo_url": "Web chat on a shop's page",
}
PHONES = (
    ("WhatsApp", "whatsapp"),
    ("Linked WhatsApp", "wa-device"),
    ("Telegram", "telegram"),
    ("Messenger", "messenger"),
)


def say(text: str) -> None:
    """One line of progress."""
    _print(text, sys.stdout)


def complain(text: str) -> None:
    """One line about something that is wrong."""
    _print(f"cloudchat: {text}", sys.stderr)


def demo_of(output: str) -> dict:
    """The document that `flask demo seed` prints as its last line of JSON; empty without one."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    return {}


def welcome(public_url: str, demo: Mapping, simulators: str | None) -> str:
    """Where to go, and how to log in."""
    rows = [("Desk", f"{public_url}/login")]
    rows += [
        (LABELS.get(key, key.removesuffix("_url").replace("_", " ").capitalize()), address)
        for key, address in demo.items()
        if key.endswith("_url")
    ]
    if simulators:
        rows += [(f"{name} phone (simulated)", f"{simulators}/{path}") for name, path in PHONES]
        rows.append(("All simulators", f"{simulators}/"))
    logins = [(login["role"], login["email"], login["password"]) for login in demo.get("logins", ())]
    lines = ["", "CloudChat is ready.", "", *_table(rows)]
    if logins:
        lines += ["", "  Log in as", *_table(logins)]
    return "\n".join([*lines, "", "Ctrl-C ends everything.", ""])


def _print(text: str, stream: TextIO) -> None:
    # The terminal may be closed already, and that must not keep us from ending in order.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=stream, flush=True)


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return [f"  {line}".rstrip() for line in lines]
