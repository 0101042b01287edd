"""Longer words of the inbox: why a message failed, and what happened to a conversation."""

from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints.inbox import bp
from blueprints.inbox.display import clock_time, day_name
from blueprints.inbox.queue_wording import queue_sentence
from cloudchat.messages import sentence


@bp.app_template_filter()
def failure_reason(error: dict | None) -> str:
    """Why a message was not sent, in our words; the provider's own are shown beside them."""
    return sentence(str((error or {}).get("code") or ""), _("The provider refused the message."))


# --- activity lines ----------------------------------------------------------------------------


@bp.app_template_filter()
def activity_sentence(entry: dict) -> str:
    """What happened to the conversation, and by whom."""
    data = entry["data"]
    actor = data.get("actor")
    if entry["kind"] == "assigned":
        return _assigned(entry, actor)
    if entry["kind"] == "labelled":
        return _labelled(data, actor)
    if entry["kind"] == "needs_human":
        return _needs_human(data)
    if entry["kind"] == "snoozed" and data.get("until"):
        until = f"{day_name(data['until'])} {clock_time(data['until'])}"
        return _("%(actor)s snoozed it until %(time)s", actor=_who(actor), time=until)
    if entry["kind"] == "rated":
        return _("The customer rated it %(rating)s of 5", rating=data.get("rating"))
    if entry["kind"] == "pipeline_moved":
        return _moved(data)
    if entry["kind"] == "pipeline_not_sent":
        reason = data.get("reason", "")
        return _("Automation could not send its message: %(reason)s", reason=sentence(reason, reason))
    if entry["kind"] == "pipeline_notice":
        told = entry.get("agent_name") or _("a former agent")
        return _("Automation told %(agent)s: %(text)s", agent=told, text=data.get("text", ""))
    division = data.get("division")
    plain = {
        "unassigned": _("%(actor)s took it from its agent", actor=_who(actor)),
        "open": _("%(actor)s reopened the conversation", actor=_who(actor)),
        "pending": _("%(actor)s set it to pending", actor=_who(actor)),
        "resolved": _("%(actor)s resolved the conversation", actor=_who(actor)),
        "woke": _("The snooze is over"),
        "rating_asked": _("The customer was asked for a rating"),
        "bot_returned": _("%(actor)s gave it back to the bot", actor=_who(actor)),
        "division_set": _("%(actor)s gave it to %(division)s", actor=_who(actor), division=division),
    }
    words = plain.get(entry["kind"]) or queue_sentence(entry, _who(actor))
    return words or entry["kind"].replace("_", " ")


def _needs_human(data: dict) -> str:
    """Why a bot called a human."""
    reasons = {
        "word": _("The customer asked for an agent"),
        "button": _("The customer asked for an agent"),
        "misses": _("The bot did not understand several times in a row"),
        "low_score": _("The bot did not know the answer"),
        "loop": _("The bot stopped: another machine seems to be answering"),
        "no_words": _("The bot cannot look at this kind of message"),
        "outside_hours": _("The customer wrote outside the bot's hours"),
        "failed": _("Something went wrong with the bot"),
    }
    return reasons.get(data.get("reason"), _("The bot called an agent"))


def _who(actor: str | None) -> str:
    return actor or _("The system")


def _assigned(entry: dict, actor: str | None) -> str:
    agent = entry.get("agent_name") or _("a former agent")
    if actor == agent:
        return _("%(actor)s took the conversation", actor=actor)
    return _("%(actor)s assigned it to %(agent)s", actor=_who(actor), agent=agent)


def _moved(data: dict) -> str:
    """On or off a pipeline, or from stage to stage."""
    who = _("Automation") if data.get("by") == "automation" else _who(data.get("who"))
    words = {"actor": who, "left": data.get("from"), "stage": data.get("to")}
    if not data.get("to"):
        return _("%(actor)s took it off the pipeline", **words)
    if not data.get("from"):
        return _("%(actor)s put it on the pipeline, stage %(stage)s", **words)
    return _("%(actor)s moved it from %(left)s to %(stage)s", **words)


def _labelled(data: dict, actor: str | None) -> str:
    added, removed = data.get("added") or [], data.get("removed") or []
    parts = []
    if added:
        names = ", ".join(added)
        parts.append(
            ngettext("added the label %(names)s", "added the labels %(names)s", len(added), names=names)
        )
    if removed:
        names = ", ".join(removed)
        parts.append(
            ngettext(
                "removed the label %(names)s",
                "removed the labels %(names)s",
                len(removed),
                names=names,
            )
        )
    return " ".join([_who(actor), _(" and ").join(parts)])
