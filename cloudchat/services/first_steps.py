"""The first steps of a new organization: ticked by what there is, hidden by who does not want to see them."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from cloudchat.errors import NotFound
from cloudchat.extensions import db
from cloudchat.models import ChatbotQa, Device, Division, Invitation, Message, User
from cloudchat.services.accounts import Identity

HIDDEN = "first_steps_hidden"  # among a user's preferences


@dataclass(frozen=True)
class Checklist:
    """What the organization has done already, in the order in which it is best done."""

    device: bool
    colleague: bool
    division: bool
    bot_answer: bool
    answer: bool

    @property
    def is_done(self) -> bool:
        return all(vars(self).values())


def checklist() -> Checklist:
    """What is done of the first steps of the present organization."""
    connected = (Device.is_active, Device.deleted_at.is_(None), Device.status == "connected")
    colleagues = select(func.count(User.id)).scalar_subquery()
    by_agent = (Message.direction == "out", Message.sender_type == "agent")
    row = db.session.execute(
        select(
            select(Device.id).where(*connected).exists().label("device"),
            or_(colleagues > 1, select(Invitation.id).exists()).label("colleague"),
            select(Division.id).exists().label("division"),
            select(ChatbotQa.id).where(ChatbotQa.is_active).exists().label("bot_answer"),
            select(Message.id).where(*by_agent).exists().label("answer"),
        )
    ).one()
    return Checklist(**row._mapping)


def are_hidden(user_id: int) -> bool:
    """Does this person not want to see them?"""
    kept = db.session.scalar(select(User.preferences).where(User.id == user_id))
    return bool((kept or {}).get(HIDDEN))


def are_due(identity: Identity) -> bool:
    """Is there still something to set up, and somebody who can and wants to see it?"""
    return identity.may("admin") and not are_hidden(identity.user_id) and not checklist().is_done


def web_chat() -> str | None:
    """The key of a web chat's page, where one can write to oneself as a customer would."""
    own = (Device.type == "webchat", Device.is_active, Device.deleted_at.is_(None))
    return db.session.scalar(select(Device.public_key).where(*own).order_by(Device.id).limit(1))


def hide(user_id: int, hidden: bool) -> None:
    """Put them out of this person's sight, or back."""
    user = db.session.scalar(select(User).where(User.id == user_id).with_for_update())
    if user is None:
        raise NotFound("user")
    user.preferences = user.preferences | {HIDDEN: hidden}
    db.session.commit()
