"""The operator's view of the installation: who is on it, how it is doing, and acting as a tenant.

Figures only: nothing here reads what customers or agents wrote.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.extensions import db, now
from cloudchat.models import (
    Conversation,
    Device,
    Message,
    Organization,
    OutboxEntry,
    User,
    UserSession,
    WebhookEvent,
)
from cloudchat.services import accounts, audit, organizations
from cloudchat.services.accounts import Identity
from cloudchat.services.data import ending
from cloudchat.tenancy import acting_as, all_organizations

MAX_REASON = 500


@dataclass(frozen=True)
class Usage:
    """One organization in the operator's list."""

    id: int
    name: str
    is_active: bool
    created_at: datetime
    users: int = 0
    devices: int = 0
    conversations: int = 0
    messages: int = 0
    last_activity: datetime | None = None


def page(q: str = "", after: int | None = None, limit: int = 50) -> list[Usage]:
    """Organizations, the newest first; one more than `limit`, so that a next page shows itself."""
    statement = select(Organization.id, Organization.name, Organization.is_active, Organization.created_at)
    if q:
        statement = statement.where(Organization.name.icontains(q, autoescape=True))
    if after is not None:
        statement = statement.where(Organization.id < after)
    with all_organizations("the operator's list of organizations"):
        rows = db.session.execute(statement.order_by(Organization.id.desc()).limit(limit + 1)).all()
        figures = _figures([row.id for row in rows[:limit]])
    return [Usage(*row, **figures.get(row.id, {})) for row in rows]


def _figures(ids: list[int]) -> dict[int, dict[str, Any]]:
    """Counts per organization, one query for each column of the list."""
    counted = {
        "users": select(User.organization_id, func.count(User.id)).where(User.is_active),
        "devices": select(Device.organization_id, func.count(Device.id)).where(Device.deleted_at.is_(None)),
        "conversations": select(Conversation.organization_id, func.count(Conversation.id)),
        # Only conversations that were written in lately can hold a message of the last day.
        "messages": select(Message.organization_id, func.count(Message.id))
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.last_message_at > _day_ago(), Message.created_at > _day_ago()),
        "last_activity": select(Conversation.organization_id, func.max(Conversation.last_message_at)),
    }
    found: dict[int, dict[str, Any]] = {organization_id: {} for organization_id in ids}
    for name, statement in counted.items():
        owner = statement.selected_columns[0]
        for organization_id, value in db.session.execute(statement.where(owner.in_(ids)).group_by(owner)):
            found[organization_id][name] = value
    return found


def _day_ago() -> datetime:
    return now() - timedelta(days=1)


def get(organization_id: int) -> Usage:
    """One organization with its figures. Raises NotFound."""
    with all_organizations("the operator looks at one organization"):
        row = db.session.execute(
            select(Organization.id, Organization.name, Organization.is_active, Organization.created_at).where(
                Organization.id == organization_id
            )
        ).first()
        figures = _figures([organization_id]) if row else {}
    if row is None:
        raise NotFound("organization")
    return Usage(*row, **figures[organization_id])


def create(name: str, timezone: str, locale: str, admin_email: str, admin_name: str) -> str:
    """A new organization and the invitation of its first admin; answers the link's token."""
    accounts.check_email(admin_email)
    organization_id = organizations.create(name, timezone, locale)
    with acting_as(organization_id):
        return accounts.invite(admin_email, admin_name, "admin", None)


def set_active(operator: Identity, organization_id: int, active: bool) -> None:
    """Shut an organization out or let it in again; recorded there and at the operator's own."""
    name = get(organization_id).name
    if organization_id == operator.home_organization_id:
        raise Conflict("own_organization", code="own_organization")
    with acting_as(organization_id):
        organizations.set_active(organization_id, active)
    action = "operator.reactivated" if active else "operator.deactivated"
    _record_at_home(operator, action, organization_id, name)


def deletion_due_at(organization_id: int) -> datetime | None:
    """When everything of the organization is deleted; None where it stays."""
    with all_organizations("the operator looks at one organization"):
        statement = select(Organization.deletion_due_at).where(Organization.id == organization_id)
        return db.session.scalar(statement)


def ask_deletion(operator: Identity, organization_id: int, typed_name: str) -> None:
    """Have an organization deleted in seven days; recorded there and at the operator's own."""
    name = get(organization_id).name
    if organization_id == operator.home_organization_id:
        raise Conflict("own_organization", code="own_organization")
    with acting_as(organization_id):
        ending.ask(typed_name)
    _record_at_home(operator, "operator.deletion_asked", organization_id, name)


def undo_deletion(operator: Identity, organization_id: int) -> None:
    """Keep it after all. Raises Conflict where its deletion has begun."""
    name = get(organization_id).name
    with acting_as(organization_id):
        ending.undo()
    _record_at_home(operator, "operator.deletion_undone", organization_id, name)


# --- acting as a tenant ------------------------------------------------------------------------


def start_acting(operator: Identity, organization_id: int, reason: str) -> None:
    """Let the operator's session work inside an organization, recorded on both sides first."""
    reason = reason.strip()
    if len(reason) < 5 or len(reason) > MAX_REASON:
        raise Invalid("reason", fields={"reason": ["reason_needed"]})
    if operator.session_id is None:
        raise Invalid("session", code="session_needed")
    name = get(organization_id).name
    if organization_id == operator.home_organization_id:
        raise Conflict("own_organization", code="own_organization")
    stop_acting(operator)
    with acting_as(organization_id):
        audit.record("operator.acting_started", None, operator=operator.email, reason=reason)
        db.session.commit()
    _set_acting(operator, organization_id)
    _record_at_home(operator, "operator.acting_started", organization_id, name, reason=reason)


def stop_acting(operator: Identity) -> None:
    """Back to the operator's own organization; recorded on both sides. Nothing to do elsewhere."""
    if not operator.acting:
        return
    _set_acting(operator, None)
    with acting_as(operator.organization_id):
        audit.record("operator.acting_ended", None, operator=operator.email)
        db.session.commit()
    _record_at_home(operator, "operator.acting_ended", operator.organization_id, operator.organization_name)


def _set_acting(operator: Identity, organization_id: int | None) -> None:
    with acting_as(operator.home_organization_id):
        db.session.execute(
            update(UserSession)
            .where(UserSession.id == operator.session_id, UserSession.user_id == operator.user_id)
            .values(acting_organization_id=organization_id)
        )
        db.session.commit()


def _record_at_home(operator: Identity, action: str, organization_id: int, name: str, **data: str) -> None:
    with acting_as(operator.home_organization_id):
        audit.record(action, None, organization_id=organization_id, name=name, **data)
        db.session.commit()


# --- health ------------------------------------------------------------------------------------


def database_health() -> dict[str, Any]:
    """What the database says of itself and of the work that waits in it: numbers only."""
    with all_organizations("the operator's health page"):
        size, connections, limit = db.session.execute(
            text(
                "select pg_database_size(current_database()),"
                " (select count(*) from pg_stat_activity where datname = current_database()),"
                " current_setting('max_connections')::int"
            )
        ).one()
        open_events = WebhookEvent.processed_at.is_(None) & WebhookEvent.dead_at.is_(None)
        waiting, oldest = db.session.execute(
            select(func.count(WebhookEvent.id), func.min(WebhookEvent.received_at)).where(open_events)
        ).one()
        dead = db.session.scalar(select(func.count(WebhookEvent.id)).where(WebhookEvent.dead_at.is_not(None)))
        backlog, oldest_out = db.session.execute(
            select(func.count(OutboxEntry.id), func.min(OutboxEntry.created_at))
        ).one()
    return {
        "size": size,
        "connections": connections,
        "max_connections": limit,
        "waiting_events": waiting,
        "oldest_event": oldest,
        "dead_events": dead,
        "outbox": backlog,
        "oldest_outbox": oldest_out,
    }
