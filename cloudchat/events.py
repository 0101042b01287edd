"""What happened, told after the commit and never before it.

A service publishes inside its transaction; the commit moves the events to a ready list, a rollback
drops them; the door (request, job, socket handler) calls `drain()`, which runs the subscribers.
"""

from collections import defaultdict
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session

from cloudchat.extensions import db

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Audience:
    """Who may see a conversation, as far as the row itself says.

    external_user_id is the provider's id of the customer; a web chat visitor listens under it.
    """

    organization_id: int
    conversation_id: int
    assignee_id: int | None
    division_id: int | None
    external_user_id: str


@dataclass(frozen=True)
class Event:
    """The base of all events."""


@dataclass(frozen=True)
class MessageAdded(Event):
    """A message entered a conversation, from either side. `message` is its outward form."""

    audience: Audience
    message: dict[str, Any]
    unread_count: int
    inbound: bool
    actor_id: int | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class MessageQueued(Event):
    """A message waits in the outbox of a device."""

    organization_id: int
    device_id: int


@dataclass(frozen=True)
class MessageStatusChanged(Event):
    """A message we sent went further (or failed), or its attachment became available."""

    audience: Audience
    message_id: int
    status: str
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class ConversationChanged(Event):
    """Fields of a conversation changed; `previous` is set where who may see it changed."""

    audience: Audience
    changes: dict[str, Any]
    version: int
    previous: Audience | None = None
    actor_id: int | None = None


@dataclass(frozen=True)
class TimelineAdded(Event):
    """A note or an activity line entered the thread; only the desk may hear of it."""

    audience: Audience
    entry: dict[str, Any]


@dataclass(frozen=True)
class ConversationRead(Event):
    """The desk has read up to this message of the customer."""

    audience: Audience
    device_id: int
    external_id: str


@dataclass(frozen=True)
class UnreadChanged(Event):
    """Badge counts of an organization's users may differ now."""

    organization_id: int


@dataclass(frozen=True)
class AttachmentPending(Event):
    """A received file is still at the provider and has to be fetched."""

    organization_id: int
    attachment_id: int


@dataclass(frozen=True)
class TapNoticed(Event):
    """A customer tapped a button, and the provider shows them a waiting sign until we answer."""

    organization_id: int
    device_id: int
    details: dict[str, Any]


@dataclass(frozen=True)
class ContactUnnamed(Event):
    """A new customer whose name the provider tells only when asked."""

    organization_id: int
    device_id: int
    external_user_id: str


@dataclass(frozen=True)
class EventStored(Event):
    """A webhook event is stored and could not be handled on the spot."""

    organization_id: int
    event_id: int


@dataclass(frozen=True)
class ContactImportDue(Event):
    """An uploaded contact file has to be checked or imported."""

    organization_id: int
    import_id: int


@dataclass(frozen=True)
class ContactChanged(Event):
    """A contact's details changed; everybody of the organization may see contacts."""

    organization_id: int
    contact_id: int


@dataclass(frozen=True)
class AgentPresence(Event):
    """An agent's availability or connection changed."""

    organization_id: int
    user_id: int
    availability: str
    connected: bool


@dataclass(frozen=True)
class QueueEntered(Event):
    """A customer waits in a division's queue from now on."""

    audience: Audience
    division_id: int
    entry_id: int


@dataclass(frozen=True)
class QueueAssigned(Event):
    """A waiting customer was given to an agent, by the queue or by hand."""

    audience: Audience
    division_id: int
    agent_id: int
    entry_id: int


@dataclass(frozen=True)
class QueueChanged(Event):
    """The line of a division is another now: figures and places may differ."""

    organization_id: int
    division_id: int


@dataclass(frozen=True)
class QueueDue(Event):
    """Somebody of this division may be assigned, or has to be told their place."""

    organization_id: int
    division_id: int


@dataclass(frozen=True)
class AgentLeft(Event):
    """A user was shut out; what they had open has to go back."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class AgentFree(Event):
    """An agent may take one more: a slot was freed, or they came online."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class MenusOwed(Event):
    """Customers of a division that closed have to be told, and asked again."""

    organization_id: int


@dataclass(frozen=True)
class AccessChanged(Event):
    """A user's password, role or state changed: open sessions and sockets have to be looked at."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class MailQueued(Event):
    """A mail waits to be sent."""

    organization_id: int


@dataclass(frozen=True)
class ChoicesChanged(Event):
    """What menus and filters offer (labels, people) is another list now."""

    organization_id: int


@dataclass(frozen=True)
class DeviceChanged(Event):
    """A device was connected, lost its token, or was removed."""

    organization_id: int
    device_id: int
    status: str
    error: dict[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class MetaTemplateChanged(Event):
    """A template of Meta's is new here, or is another now (status, quality, text)."""

    organization_id: int
    template_id: int
    waba_id: str
    status: str


@dataclass(frozen=True)
class TemplateSyncDue(Event):
    """The templates of a WABA have to be fetched."""

    organization_id: int
    waba_id: str


@dataclass(frozen=True)
class TemplateSyncChanged(Event):
    """The fetching of a WABA's templates went on, ended or failed."""

    organization_id: int
    waba_id: str


@dataclass(frozen=True)
class NotificationWanted(Event):
    """These people are to be told of something; `kind` is one of services/notification_kinds.py.

    Events of one topic are one line of a bell. data: "name" and "text" for the sentence, "url" of ours.
    """

    organization_id: int
    kind: str
    user_ids: tuple[int, ...]
    topic: str
    conversation_id: int | None = None
    actor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NotificationsRead(Event):
    """How many unread notifications these users have left, now that some were read."""

    organization_id: int
    unread: dict[int, int]


@dataclass(frozen=True)
class PushTestWanted(Event):
    """A user wants to see whether pushes arrive."""

    organization_id: int
    user_id: int


@dataclass(frozen=True)
class CardMoved(Event):
    """A card came to a stage, moved, left a board, or its deal changed. `version` orders the news.

    A card that goes to another pipeline has `from_pipeline_id` set; one that leaves no `to_stage_id`.
    """

    audience: Audience
    pipeline_id: int
    from_stage_id: int | None
    to_stage_id: int | None
    position: str | None
    version: int
    actor: dict[str, Any]
    at: str | None
    from_pipeline_id: int | None = None


@dataclass(frozen=True)
class PipelineChanged(Event):
    """A pipeline or its stages are other ones now, or many cards moved at once: look again."""

    organization_id: int
    pipeline_id: int


@dataclass(frozen=True)
class PipelineRunsDue(Event):
    """Stage automation has something to do now."""

    organization_id: int


@dataclass(frozen=True)
class PipelineNotice(Event):
    """Stage automation tells a user something."""

    organization_id: int
    user_id: int
    conversation_id: int
    text: str


@dataclass(frozen=True)
class OngkirDue(Event):
    """A customer waits to hear what shipping costs."""

    organization_id: int
    conversation_id: int


@dataclass(frozen=True)
class ContactsAdded(Event):
    """New contacts: by hand, from a file, or because a stranger wrote."""

    organization_id: int
    contact_ids: tuple[int, ...]


@dataclass(frozen=True)
class ContactsRefreshed(Event):
    """Contacts that an imported file changed, many at once."""

    organization_id: int
    contact_ids: tuple[int, ...]


@dataclass(frozen=True)
class WebhooksDue(Event):
    """Another program has to be told of something."""

    organization_id: int


@dataclass(frozen=True)
class ContactsErased(Event):
    """Contacts are gone; their files, and what providers sent of them, have to follow.

    identities: (device id, the provider's id of the customer).
    """

    organization_id: int
    file_keys: tuple[str, ...]
    identities: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class ExportDue(Event):
    """An export of data has to be put together."""

    organization_id: int
    export_id: int


@dataclass(frozen=True)
class BroadcastDue(Event):
    """The recipients of a broadcast have to be listed."""

    organization_id: int
    broadcast_id: int


@dataclass(frozen=True)
class BroadcastChanged(Event):
    """A broadcast is in another state, or further on."""

    organization_id: int
    broadcast_id: int


@dataclass(frozen=True)
class BroadcastFinished(Event):
    """A broadcast has gone out to everybody on its list."""

    organization_id: int
    broadcast_id: int


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
