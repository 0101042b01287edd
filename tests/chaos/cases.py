"""The list of cases, and what a case finds."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"


class CannotTry(Exception):
    """This machine does not allow the fault; says why."""


@dataclass
class Verdict:
    """What was checked: each claim with its answer, and figures beside them."""

    failed: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)
    skipped: str = ""

    def check(self, claim: str, holds: bool, seen: object = None) -> None:
        """Note a claim that does not hold, with what was seen in its place."""
        if not holds:
            self.failed.append(claim if seen is None else f"{claim}: {str(seen)[:400]}")

    def note(self, **figures) -> None:
        self.figures |= figures

    @property
    def result(self) -> str:
        return SKIP if self.skipped else FAIL if self.failed else PASS

    def line(self, name: str, title: str, seconds: float) -> str:
        """One line for people."""
        figures = " ".join(f"{key}={value}" for key, value in self.figures.items())
        told = "; ".join(self.failed) or self.skipped
        return f"{self.result} {name:<4} {title} [{seconds:.0f} s] {figures}" + (f" — {told}" if told else "")


@dataclass(frozen=True)
class Case:
    """One case: its id in the plan of faults, its sentence, and the function that tries it."""

    name: str
    title: str
    run: Callable[..., None]

    @property
    def number(self) -> float:
        """F3 comes before F3b and F10."""
        digits, letter = re.fullmatch(r"F(\d+)([a-z]?)", self.name).groups()
        return int(digits) + (ord(letter) - 96) / 100 if letter else int(digits)


CASES: dict[str, Case] = {}


def case(name: str, title: str) -> Callable:
    """Enter a function into the list. It is called with the world and the verdict to fill."""

    def enter(function: Callable) -> Callable:
        if name in CASES:
            raise ValueError(f"{name} is there twice")
        CASES[name] = Case(name, title, function)
        return function

    return enter
