"""Words for what the queue does with a conversation: its activity lines, and why it stands as it does."""

from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints.inbox import bp


def queue_sentence(entry: dict, actor: str) -> str | None:
    """The sentence of a queue's activity line; None for a line of another kind."""
    kind, data = entry["kind"], entry["data"]
    division, agent = data.get("division") or _("a deleted division"), data.get("agent") or _("the agent")
    if kind == "queue_waiting":
        return _waiting(data, division)
    if kind == "queue_assigned":
        return _assigned(entry, data)
    plain = {
        "division_chosen": _("The customer chose %(division)s", division=division),
        "choice_given_up": _("The customer's choice was not understood three times; a human is needed"),
        "queue_left": _("The customer left the queue of %(division)s", division=division),
        "queue_cancelled": _("%(actor)s took the customer out of the queue", actor=actor),
        "queue_moved": _("Moved to the queue of %(division)s, its own was closed", division=division),
        "queue_agent_silent": _("%(agent)s did not answer in time; back to the head of the queue", agent=agent),
        "queue_agent_offline": _("%(agent)s went offline; back to the head of the queue", agent=agent),
        "queue_agent_away": _("Reopened while %(agent)s is away; back into the queue", agent=agent),
        "division_closed": _("%(division)s was closed; the customer is asked again", division=division),
        "division_empty": _("Nobody is left in %(division)s; a human is needed", division=division),
        "transferred": _("%(actor)s transferred it to %(division)s", actor=actor, division=division),
    }
    return plain.get(kind)


def _waiting(data: dict, division: str) -> str:
    place, minutes = data.get("place"), data.get("estimated_minutes")
    if minutes is None:
        return _("Waits in the queue of %(division)s, at place %(place)s", division=division, place=place)
    return _(
        "Waits in the queue of %(division)s, at place %(place)s, about %(minutes)s min",
        division=division,
        place=place,
        minutes=minutes,
    )


def _assigned(entry: dict, data: dict) -> str:
    agent = entry.get("agent_name") or data.get("agent") or _("a former agent")
    return _(
        "The queue gave it to %(agent)s after %(time)s", agent=agent, time=duration(data.get("waited") or 0)
    )


def duration(seconds: float) -> str:
    """<1 min, 12 min, 1 h 5 min"""
    minutes = int(seconds // 60)
    if minutes < 1:
        return _("<1 min")
    if minutes < 60:
        return _("{count} min").replace("{count}", str(minutes))
    return _("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)


# --- why this agent, or why still waiting -------------------------------------------------------


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
