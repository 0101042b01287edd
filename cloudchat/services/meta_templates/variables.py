"""The variables of a template's texts: `{{1}}` or `{{first_name}}`, and their samples."""

import re
from typing import Any

from cloudchat.channels.payload import dicts

VARIABLE = re.compile(r"\{\{([^{}]*)\}\}")
NAMED = re.compile(r"[a-z_]+")


class Problems:
    """What is wrong, by field."""

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}

    def add(self, field: str, code: str) -> None:
        known = self.fields.setdefault(field, [])
        if code not in known:
            known.append(code)

    def length(self, field: str, text: str, most: int) -> None:
        """At least something, at most so much."""
        if not text:
            self.add(field, "required")
        elif len(text) > most:
            self.add(field, "too_long")


def text_of(part: dict | None) -> str:
    text = part.get("text") if part else None
    return text if isinstance(text, str) else ""


def names_in(text: str) -> list[str]:
    """The variables of a text in their order, each once."""
    return list(dict.fromkeys(name.strip() for name in VARIABLE.findall(text)))


def param_errors(where: str, text: str, style: str, example: dict, problems: Problems) -> dict:
    """Look at the variables of header or body; answers `{"example": …}` for the component."""
    names = names_in(text)
    rest = VARIABLE.sub("", text)
    if "{{" in rest or "}}" in rest:
        problems.add(where, "variable_syntax")
    if style == "NAMED":
        if not all(NAMED.fullmatch(name) for name in names):
            problems.add(where, "variables_named")
    elif names != [str(number) for number in range(1, len(names) + 1)]:
        problems.add(where, "variables_order")
    if not names:
        return {}
    samples = samples_of(where, style, example)
    missing = [name for name in names if not samples.get(name, "").strip()]
    for name in missing:
        problems.add(f"{where}.example.{name}", "example_needed")
    if missing:
        return {}
    return {"example": _as_example(where, style, {name: samples[name].strip() for name in names})}


def samples_of(where: str, style: str, example: dict) -> dict[str, str]:
    """The samples of header or body by variable, from Meta's four spellings."""
    if style == "NAMED":
        rows = dicts(example.get(f"{where}_text_named_params"))
        return {str(row.get("param_name")): str(row.get("example") or "") for row in rows}
    given: Any = example.get(f"{where}_text")
    if where == "body" and isinstance(given, list) and given and isinstance(given[0], list):
        given = given[0]
    values = given if isinstance(given, list) else []
    return {str(number): str(value) for number, value in enumerate(values, 1)}


def _as_example(where: str, style: str, samples: dict[str, str]) -> dict:
    if style == "NAMED":
        rows = [{"param_name": name, "example": value} for name, value in samples.items()]
        return {f"{where}_text_named_params": rows}
    values = list(samples.values())
    return {f"{where}_text": [values] if where == "body" else values}
