"""Words of the activity lines that the queue leaves in a thread."""

from flask_babel import gettext as _


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
        "queue_agent_silent": _(
            "%(agent)s did not answer in time; back to the head of the queue", agent=agent
        ),
        "queue_agent_offline": _("%(agent)s went offline; back to the head of the queue", agent=agent),
        "queue_agent_gone": _("%(agent)s no longer works here; it was handed back", agent=agent),
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
