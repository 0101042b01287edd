"""How well questions are understood: a file of phrases with what should come out, and the figures."""

import re
from dataclasses import dataclass

from cloudchat.services.ongkir.parsing import Question, parse
from cloudchat.services.ongkir.places import gazetteer

NOTHING = ("–", "-", "")


@dataclass(frozen=True)
class Phrase:
    """One line of the file."""

    number: str
    text: str
    expected: Question


def read(lines: str) -> list[Phrase]:
    """Rows of markdown tables: `| # | text | origin | destination | grams | courier | …` for questions and
    `| n1 | text | …` for what is none."""
    found = []
    for line in lines.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.fullmatch(r"\d+", cells[0]) and len(cells) >= 7:
            origin, place, weight, couriers = (None if cell in NOTHING else cell for cell in cells[2:6])
            wanted = Question(
                True, origin, place, int(weight) if weight else None, couriers.split(":") if couriers else []
            )
            found.append(Phrase(cells[0], cells[1], wanted))
        elif re.fullmatch(r"n\d+", cells[0]) and len(cells) >= 2:
            found.append(Phrase(cells[0], cells[1], Question()))
    return found


def differences(phrase: Phrase) -> dict[str, tuple]:
    """What came out otherwise: (expected, found) by field; of what is no question only that counts."""
    found = parse(phrase.text)
    if not phrase.expected.is_ongkir_question:
        return {"is_ongkir_question": (False, True)} if found.is_ongkir_question else {}
    pairs = {name: (value, getattr(found, name)) for name, value in phrase.expected.__dict__.items()}
    return {name: pair for name, pair in pairs.items() if not is_same(*pair)}


def is_same(one, other) -> bool:
    """A place may be written in one word or two, and by another name that people have for it: Tanjungpinang
    is Tanjung Pinang, Babel is Kepulauan Bangka Belitung."""
    return _comparable(one) == _comparable(other)


def _comparable(value):
    if not isinstance(value, str):
        return value
    parts = [
        re.fullmatch(r"((?:kota|kabupaten) )?(.*)", part.strip()) for part in value.casefold().split(",")
    ]
    return [
        (kind, gazetteer().canonical(name).replace(" ", "")) for kind, name in map(re.Match.groups, parts)
    ]


def report(phrases: list[Phrase], show: bool = False) -> dict:
    """Per cent understood whole, by class of phrase, and of each field."""
    outcomes = [(phrase, differences(phrase)) for phrase in phrases]
    classes: dict[str, list[bool]] = {}
    for phrase, found in outcomes:
        for name in classes_of(phrase):
            classes.setdefault(name, []).append(not found)
    made = {
        "phrases": len(phrases),
        "whole": _percent([not found for _, found in outcomes]),
        "classes": {
            name: {"phrases": len(results), "whole": _percent(results)}
            for name, results in sorted(classes.items())
        },
        "fields": {
            name: _percent(
                [name not in found for phrase, found in outcomes if phrase.expected.is_ongkir_question]
            )
            for name in Question().__dict__
        },
    }
    if show:
        made["otherwise"] = {f"{phrase.number} {phrase.text}": found for phrase, found in outcomes if found}
    return made


def classes_of(phrase: Phrase) -> list[str]:
    """What kind of phrase it is; one may be of several kinds."""
    wanted = phrase.expected
    if not wanted.is_ongkir_question:
        return ["no question"]
    kinds = {
        "with origin": wanted.origin,
        "with courier": wanted.couriers,
        "with kecamatan": wanted.destination and "," in wanted.destination,
        "without destination": not wanted.destination,
        "without weight": not wanted.weight_grams,
        "weight in words or parts": wanted.weight_grams
        and not re.search(r"\d ?(kg|kilo)\b", phrase.text.lower()),
        "without the word ongkir": "ongk" not in phrase.text.lower(),
    }
    return [name for name, holds in kinds.items() if holds] or ["plain"]


def _percent(results: list[bool]) -> float | None:
    return round(100 * sum(results) / len(results), 1) if results else None
