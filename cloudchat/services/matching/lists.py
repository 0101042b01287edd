"""The word lists of `data/`, written by hand: plain text, a `#` begins a comment."""

from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).with_name("data")


@lru_cache(maxsize=64)
def lines(name: str) -> tuple[str, ...]:
    text = (FOLDER / f"{name}.txt").read_text("utf-8")
    found = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in found if line)


def words(name: str) -> tuple[str, ...]:
    return tuple(word for line in lines(name) for word in line.split())


def grouped(name: str) -> dict[str, tuple[str, ...]]:
    """Lines of the form `group: word word …`; a group may go on in another line."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines(name):
        group, _, rest = line.partition(":")
        found[group.strip()] = (*found.get(group.strip(), ()), *rest.split())
    return found
