"""The home page and the parts of it that follow what happens."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import render_template
from flask_babel import gettext as _

from blueprints.dashboard import bp
from cloudchat.services import dashboard
from cloudchat.web import me, requires


@bp.get("/app/dashboard")
@requires("agent")
def index():
    steps = dashboard.checklist() if me().may("admin") else None
    return render_template(
        "dashboard/index.html",
        greeting=_greeting(),
        steps=steps if steps and not steps.is_done else None,
        **_now(),
    )


@bp.get("/app/dashboard/now")
@requires("agent")
def show_now():
    """Figures and agents as they are at the moment."""
    return render_template("dashboard/_now.html", **_now())


def _now() -> dict:
    figures = dashboard.figures(me())
    return {
        "figures": figures,
        "first_response": _duration(figures.first_response),
        "agents": dashboard.agents_online(),
    }


def _duration(seconds: float | None) -> str:
    """2 min 30 s: short enough for a tile."""
    if seconds is None:
        return "–"
    seconds = round(seconds)
    if seconds < 60:
        return _("%(seconds)s s", seconds=seconds)
    if seconds < 3600:
        return _("%(minutes)s min %(seconds)s s", minutes=seconds // 60, seconds=seconds % 60)
    return _("%(hours)s h %(minutes)s min", hours=seconds // 3600, minutes=seconds % 3600 // 60)


def _greeting() -> str:
    name = me().name
    hour = datetime.now(ZoneInfo(me().timezone)).hour
    if 4 <= hour < 11:
        return _("Good morning, %(name)s", name=name)
    if 11 <= hour < 15:
        return _("Good day, %(name)s", name=name)
    if 15 <= hour < 18:
        return _("Good afternoon, %(name)s", name=name)
    return _("Good evening, %(name)s", name=name)
