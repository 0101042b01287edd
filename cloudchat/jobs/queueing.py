"""Jobs of the division queue. They only look: who is next stands in the database."""

from datetime import timedelta

import structlog
from sqlalchemy.exc import OperationalError

from cloudchat import events
from cloudchat.jobs import enqueue_once, system_job, tenant_job
from cloudchat.services import presence
from cloudchat.services.queueing import agents, availability, bursts, claiming, closing, rounds
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

AT_ONCE_SECONDS = 0.4  # what may be done right after a commit, where somebody waits for the answer
DRAIN_SECONDS = 20.0
LOST_WITHIN = timedelta(seconds=15)  # a little more than passes between two looks of the sweeper


@tenant_job
def drain(organization_id: int, division_id: int) -> None:
    """Assign whom there are agents for; what is left over is for the next job."""
    if not claiming.drain(division_id, DRAIN_SECONDS):
        enqueue_once(drain, organization_id, division_id, queue_name="messages")


@tenant_job
def settle(organization_id: int) -> None:
    """Tell those who wrote right after the menu, and chose nothing, that there was no choice."""
    bursts.settle()


@tenant_job
def tell_owed(organization_id: int) -> None:
    while not closing.tell_owed():
        events.drain()


@tenant_job
def rules(organization_id: int) -> None:
    """What time brings about: silent agents, customers who moved up."""
    rounds.return_silent()
    rounds.offer_again()
    rounds.tell_moved_up()


@tenant_job
def hand_back(organization_id: int, user_id: int) -> None:
    """What somebody who was shut out had open goes back to the queue or the inbox, and who waits for
    a division that nobody is left in is told so."""
    availability.hand_back(user_id, "agent_gone")
    closing.left_by(user_id)


def on_agent_left(event: events.AgentLeft) -> None:
    enqueue_once(hand_back, event.organization_id, event.user_id, queue_name="messages")


def on_due(event: events.QueueDue) -> None:
    """At once, in the process where it happened; a job goes on where that takes too long."""
    _drain_now(event.organization_id, [event.division_id])


def on_closing(event: events.DivisionClosing) -> None:
    enqueue_once(drain, event.organization_id, event.division_id, queue_name="messages")


def on_agent_free(event: events.AgentFree) -> None:
    with acting_as(event.organization_id):
        division_ids = agents.waiting_divisions_of(event.user_id)
    _drain_now(event.organization_id, division_ids)


def on_presence(event: events.AgentPresence) -> None:
    if event.connected and event.availability == "online":
        on_agent_free(events.AgentFree(event.organization_id, event.user_id))


def on_menus_owed(event: events.MenusOwed) -> None:
    enqueue_once(tell_owed, event.organization_id, queue_name="messages")


def _drain_now(organization_id: int, division_ids: list[int]) -> None:
    for division_id in division_ids:
        done = False
        try:
            with acting_as(organization_id):
                done = claiming.drain(division_id, AT_ONCE_SECONDS)
        except OperationalError as error:  # somebody holds the queue or a row of it
            claiming.give_up()
            log.info("queue_left_to_a_job", division_id=division_id, error=type(error.orig).__name__)
        if not done:
            enqueue_once(drain, organization_id, division_id, queue_name="messages")


# --- sweepers: what was lost with a process or with Redis --------------------------------------


@system_job("the sweeper finds queues with people in them in every organization")
def waiting() -> None:
    for organization_id, division_id in rounds.divisions_with_waiting():
        enqueue_once(drain, organization_id, division_id, queue_name="messages")
    for organization_id, division_id in closing.unfinished():
        enqueue_once(drain, organization_id, division_id, queue_name="messages")
    for organization_id in closing.owed_anywhere():
        enqueue_once(tell_owed, organization_id, queue_name="messages")
    for organization_id, user_id in availability.left_behind():
        enqueue_once(hand_back, organization_id, user_id, queue_name="messages")
    presence.tell_lost(LOST_WITHIN)


@system_job("customers whose first burst of messages is over are looked for in every organization")
def settled_bursts() -> None:
    for organization_id in bursts.organizations_due():
        enqueue_once(settle, organization_id, queue_name="messages")


@system_job("silent agents and customers who moved up are looked for in every organization")
def timed_rules() -> None:
    for organization_id in rounds.organizations_with_rules():
        enqueue_once(rules, organization_id)
