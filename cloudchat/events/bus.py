"""What happened, told after the commit and never before it.

A service publishes inside its transaction; the commit moves the events to a ready list, a rollback
drops them; the door (request, job, socket handler) calls `drain()`, which runs the subscribers.
"""

from collections import defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from cloudchat.events.base import Event
from cloudchat.extensions import db

log = structlog.get_logger(__name__)


_recorders: list[Callable[[list[Event]], None]] = []
_subscribers: dict[type[Event], list[Callable]] = defaultdict(list)
_ready: ContextVar[list[Event] | None] = ContextVar("events_ready", default=None)


def subscribe(kind: type[Event], handler: Callable[[Any], None]) -> None:
    """Call `handler(event)` after each commit that published one of `kind`. Twice counts once."""
    if handler not in _subscribers[kind]:
        _subscribers[kind].append(handler)


def record(handler: Callable[[list[Event]], None]) -> None:
    """Call `handler(events)` inside each transaction that publishes, right before its commit: what it
    writes stands or falls with what happened. Twice counts once."""
    if handler not in _recorders:
        _recorders.append(handler)


def publish(happened: Event) -> None:
    """Tell it once the present transaction commits. Opens the transaction, so a rollback drops it."""
    session = db.session()
    if not session.in_transaction():
        session.connection()
    session.info.setdefault("published", []).append(happened)


def publish_once(happened: Event) -> None:
    """The same, unless the present transaction tells it already."""
    if happened not in db.session().info.get("published", ()):
        publish(happened)


def follow(happened: Event) -> None:
    """Called by a subscriber: tell this one when all that is ready now has been told."""
    ready = _ready.get()
    if ready is None:
        _ready.set(ready := [])
    ready.append(happened)


def drain() -> None:
    """Run the subscribers of everything committed since the last call. A failing one is logged."""
    ready = _ready.get()
    while ready:
        happened = ready.pop(0)
        for handler in _subscribers[type(happened)]:
            try:
                handler(happened)
            except Exception:
                log.exception("subscriber_failed", event_type=type(happened).__name__)


# SQLAlchemy calls its commit and rollback hooks for savepoints too.


@event.listens_for(Session, "after_transaction_create")
def _mark_savepoint(session: Session, transaction) -> None:
    if transaction.nested:
        published = session.info.get("published", ())
        session.info.setdefault("savepoints", {})[transaction] = len(published)


@event.listens_for(Session, "before_commit")
def _record(session: Session) -> None:
    published = session.info.get("published")
    if published and not session.in_nested_transaction():
        for handler in _recorders:
            handler(published)


@event.listens_for(Session, "after_commit")
def _move_to_ready(session: Session) -> None:
    if session.in_nested_transaction():
        return
    published = session.info.pop("published", None)
    if not published:
        return
    ready = _ready.get()
    if ready is None:
        _ready.set(list(published))
    else:
        ready.extend(published)


@event.listens_for(Session, "after_soft_rollback")
def _drop_rolled_back(session: Session, ended) -> None:
    if ended.nested:
        del session.info.get("published", [])[session.info["savepoints"][ended] :]
    else:
        session.info.pop("published", None)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, ended) -> None:
    if ended.parent is None:  # also a session that is closed without commit or rollback
        session.info.pop("published", None)
        session.info.pop("savepoints", None)
