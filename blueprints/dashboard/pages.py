"""The home page and the parts of it that follow what happens."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import redirect, render_template, url_for
from flask_babel import gettext as _

from blueprints.dashboard import bp
from cloudchat.services import dashboard, first_steps
from cloudchat.services.desk_report import figures as desk_report
from cloudchat.services.queueing import overview
from cloudchat.web import me, requires


@bp.get("/app/dashboard")
@requires("agent")
def index():
    steps = _steps()
    return render_template(
        "dashboard/index.html",
        greeting=_greeting(),
        steps=steps,
        web_chat=first_steps.web_chat() if steps else None,
        steps_hidden=steps is not None and first_steps.are_hidden(me().user_id),
        tiles=_today(),
        **_now(),
    )


@bp.get("/app/dashboard/steps")
@requires("admin")
def show_steps():
    """The first steps as they are now; nothing once all are done."""
    steps = _steps()
    if steps is None:
        return ""
    return render_template("dashboard/_steps.html", steps=steps, web_chat=first_steps.web_chat())


@bp.post("/app/dashboard/steps/hide")
@requires("admin")
def hide_steps():
    """Put the first steps out of this person's sight."""
    first_steps.hide(me().user_id, True)
    return redirect(url_for("dashboard.index"))


@bp.post("/app/dashboard/steps/show")
@requires("admin")
def unhide_steps():
    """And back."""
    first_steps.hide(me().user_id, False)
    return redirect(url_for("dashboard.index"))


def _steps() -> first_steps.Checklist | None:
    """What is left to do, for those who can do it."""
    steps = first_steps.checklist() if me().may("admin") else None
    return steps if steps and not steps.is_done else None


@bp.get("/app/dashboard/now")
@requires("agent")
def show_now():
    """Figures, queues, channels and agents as they are at the moment."""
    return render_template("dashboard/_now.html", **_now())


@bp.get("/app/dashboard/today")
@requires("agent")
def show_today():
    """Today's figures against yesterday's."""
    return render_template("dashboard/_today.html", tiles=_today())


def _now() -> dict:
    supervises = me().sees_everything
    queues = [row for row in overview.divisions_now(me()) if row.waiting or row.agents_online]
    return {
        "figures": dashboard.figures(me()),
        "unanswered": dashboard.unanswered(me()),
        "queues": queues,
        "channels": dashboard.channels() if supervises else [],
        "agents": dashboard.agents_online(),
    }


def _today() -> list[dict]:
    """The day's figures with yesterday's, and where each leads: the same as in the reports."""
    asked = dashboard.today(me())
    total = desk_report.report(asked)["total"]
    names = {
        "first_response_median_seconds": (_("First response (median)"), "seconds"),
        "conversations_handled": (_("Conversations handled"), "number"),
        "messages": (_("Messages sent"), "number"),
        "resolved": (_("Resolved"), "number"),
    }
    tiles = [
        _tile(text, kind, total[name], total["previous"][name], _rows(asked, name))
        for name, (text, kind) in names.items()
    ]
    if me().sees_everything:
        now, before = dashboard.bot_rate(asked)
        day = asked.start.isoformat()
        link = url_for("reports.index", **{"from": day, "to": day})
        tiles.append(_tile(_("Answered by the bot"), "rate", now, before, link))
    return tiles


def _tile(text: str, kind: str, now, before, href: str) -> dict:
    return {"text": text, "kind": kind, "now": now, "before": before, "href": href}


def _rows(asked: desk_report.Asked, figure: str) -> str:
    """The list behind a figure of today."""
    day = asked.start.isoformat()
    by = {"by": "conversation"} if figure == "conversations_handled" else {}
    return url_for("reports.show_rows", **{"from": day, "to": day, "figure": figure, **by})


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
