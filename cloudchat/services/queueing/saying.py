"""What the queue says to customers, in the organization's words. Each is a row of the outbox first."""

import structlog

from cloudchat.channels import get as channel_for
from cloudchat.models import Conversation, QueueSettings
from cloudchat.services import activity, outbound
from cloudchat.services.queueing.menu import Menu
from cloudchat.services.queueing.wording import fill

log = structlog.get_logger(__name__)


def say(row: Conversation, text: str) -> bool:
    """Say it in the locked conversation; nothing where there are no words or the channel is closed."""
    return bool(text.strip()) and send(row, Menu("text", text))


def send(row: Conversation, menu: Menu) -> bool:
    """Add the message; False where nothing can reach the customer now (a queue goes on all the same)."""
    if not row.device.is_active or row.device.deleted_at or not activity.window_is_open(row, row.device.type):
        log.info("queue_cannot_speak", conversation_id=row.id)
        return False
    outbound.add(row, "system", menu.text, kind=menu.kind, payload=menu.payload)
    return True


def capabilities(row: Conversation):
    return channel_for(row.device.type).capabilities


def entered(settings: QueueSettings, division: str, place: int, anybody_there: bool) -> str:
    """All are busy: the queue message; nobody is there: the no-agent message below it."""
    text = fill(settings.queue_message_template, division=division, queue_number=place)
    if anybody_there:
        return text
    return text + "\n\n" + fill(settings.no_agent_available_message, division=division)


def place(settings: QueueSettings, division: str, number: int) -> str:
    return fill(settings.queue_position_message, division=division, queue_number=number)


def moved_up(settings: QueueSettings, division: str, number: int) -> str:
    return fill(settings.moved_up_message, division=division, queue_number=number)


def connected(settings: QueueSettings, division: str, agent: str) -> str:
    return fill(settings.assigned_message, division=division, agent=agent)


def left(settings: QueueSettings, division: str) -> str:
    return fill(settings.leave_message, division=division)


def cancelled(settings: QueueSettings, division: str) -> str:
    return fill(settings.cancelled_message, division=division)


def closed(settings: QueueSettings, division: str) -> str:
    return fill(settings.division_closed_message, division=division)
