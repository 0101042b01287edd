"""Words and limits of the queue's pages."""

from flask_babel import gettext as _

from blueprints.queueing import bp
from cloudchat.services import divisions
from cloudchat.services.queueing import settings
from cloudchat.services.queueing.availability import AgentNow

PAGE_LIMITS = {
    "name": divisions.MAX_NAME,
    "description": divisions.MAX_DESCRIPTION,
    "keywords": divisions.MAX_KEYWORDS,
    "keyword": divisions.MAX_KEYWORD,
    "handling_default": 10,
    "handling_max": divisions.MAX_MINUTES,
    "text": settings.MAX_TEXT,
    "silent_agent_minutes": settings.MAX_SILENT_MINUTES,
    **settings.LIMITS,
}
STATES = ("online", "busy", "offline")


@bp.app_template_filter()
def shown_state(agent: AgentNow) -> str:
    """What counts for the queue: whoever is not connected is offline, whatever they set."""
    return agent.availability if agent.connected else "offline"


@bp.app_template_filter()
def wait_word(minutes: float | None) -> str:
    """<1 min, 12 min, 1 h 5 min; a dash where there is nothing."""
    if minutes is None:
        return "–"
    minutes = round(minutes)
    if minutes < 1:
        return _("<1 min")
    if minutes < 60:
        return _("{count} min").replace("{count}", str(minutes))
    return _("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)


@bp.app_template_filter()
def role_word(role: str) -> str:
    return {"admin": _("Admin"), "manager": _("Manager"), "agent": _("Agent")}.get(role, role)


@bp.app_template_filter()
def map_pairs(choices: list[dict]) -> list[tuple[int, str]]:
    """Choices with id and name as the options of a select."""
    return [(choice["id"], choice["name"]) for choice in choices]
