"""Words for why a conversation has this agent, or why it still waits."""

from flask_babel import gettext as _

from blueprints.inbox import bp
from blueprints.inbox.wording import activity_sentence
from cloudchat.models import Conversation
from cloudchat.services.queueing.trail import TrailStep, Waiting

# What decides who has it: the queue's grounds hold until the next of these
DECISIONS = ("assigned", "queue_assigned", "transferred", "unassigned")


@bp.app_template_filter()
def queue_reason(row: Conversation, why: Waiting | None, steps: list[TrailStep]) -> str:
    """Why it has this agent, or why it still waits; empty where the queue has nothing to do with it."""
    if row.awaiting_division_selection:
        return _("The customer was sent the menu and has not chosen yet.")
    if why is not None:
        place = _("Place %(place)s in the queue of %(division)s.", place=why.place, division=why.division)
        return f"{place} {_obstacle(why)}"
    last = next((step for step in reversed(steps) if step.kind in DECISIONS), None)
    if last is None or last.kind != "queue_assigned" or last.data.get("agent_id") != row.assignee_id:
        return ""
    return _why_chosen(last.data)


def _why_chosen(data: dict) -> str:
    """The queue's own grounds: the load of the agent, and who else was free at that moment."""
    free = sum(agent.get("state") == "available" for agent in data.get("agents") or [])
    agent, load, capacity = data.get("agent"), data.get("load"), data.get("capacity")
    if free < 2:
        return _(
            "%(agent)s was the only one free, with %(load)s of %(capacity)s conversations.",
            agent=agent,
            load=load,
            capacity=capacity,
        )
    return _(
        "%(agent)s had the fewest conversations (%(load)s of %(capacity)s) of %(free)s free agents, "
        "or has been idle the longest.",
        agent=agent,
        load=load,
        capacity=capacity,
        free=free,
    )


def _obstacle(why: Waiting) -> str:
    return {
        "division_off": _("The division is switched off."),
        "no_agents": _("Nobody serves this division."),
        "nobody_online": _("None of its agents is online."),
        "all_busy": _("All its agents who are there are set to busy."),
        "all_full": _("All its agents who are online have as many conversations as they take."),
        "passed": _("Those who are free have let this customer wait before; another agent is needed."),
        "next_in_line": _("An agent is free; the turn is coming."),
        "ahead": _("An agent is free; those ahead come first."),
    }.get(why.reason, "")


@bp.app_template_filter()
def trail_sentence(step: TrailStep) -> str:
    """A step in the words of the thread's activity line."""
    entry = {"kind": step.kind, "data": step.data, "agent_name": step.data.get("agent")}
    return activity_sentence(entry)
