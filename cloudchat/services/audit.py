"""Writing the audit log."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from cloudchat.extensions import db
from cloudchat.models import AuditEntry
from cloudchat.tenancy import current_organization_id


@dataclass(frozen=True)
class Actor:
    """Who is at work: set once by the door, read where something is recorded."""

    user_id: int | None
    name: str
    ip: str | None = None


SYSTEM = Actor(None, "system")
_actor: ContextVar[Actor] = ContextVar("audit_actor", default=SYSTEM)


def set_actor(actor: Actor) -> None:
    _actor.set(actor)


def current_actor() -> Actor:
    return _actor.get()


def record(action: str, target: Any = None, **data: Any) -> None:
    """Add a line to the present transaction, e.g. `record("device.created", device, name=…)`."""
    actor = _actor.get()
    db.session.add(
        AuditEntry(
            organization_id=current_organization_id(),
            actor_id=actor.user_id,
            actor_name=actor.name,
            ip=actor.ip,
            action=action,
            object_type=target.__tablename__ if target is not None else "",
            object_id=str(getattr(target, "id", "") or ""),
            data=data,
        )
    )
