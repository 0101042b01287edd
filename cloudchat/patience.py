"""How long a statement may take before PostgreSQL ends it.

A web process gives each one some seconds: who asked has gone by then, and a report without end must not
keep the database busy for nobody. A job has longer. Commands that people run, and migrations, have all
the time they need.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_usual = 0
_seconds: ContextVar[int | None] = ContextVar("statement_seconds", default=None)


def configure(seconds: int) -> None:
    """What holds in this process where nothing else is said; 0: as long as the server allows."""
    global _usual
    _usual = seconds


@contextmanager
def statements_within(seconds: int) -> Iterator[None]:
    """Transactions that begin inside give each statement so long."""
    token = _seconds.set(seconds)
    try:
        yield
    finally:
        _seconds.reset(token)


def statement_timeout() -> str | None:
    """As PostgreSQL takes it; None leaves it to the server's own setting."""
    seconds = _usual if (inner := _seconds.get()) is None else inner
    return f"{seconds}s" if seconds else None
