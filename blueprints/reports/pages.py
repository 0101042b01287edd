"""The report of a bot: figures beside those of the period before, charts, and what it did not know."""

from datetime import date

from flask import make_response, render_template, request
from flask_babel import gettext as _

from blueprints.reports import bp, charts
from cloudchat.errors import Invalid
from cloudchat.pages import content_policy
from cloudchat.services import bot_reports, bot_settings, bot_unmatched
from cloudchat.services.bot_reports import Asked
from cloudchat.web import me, requires

MOST_ROWS = 20
DAYS_BY_WEEK = 120  # longer periods are drawn by week


@bp.get("/app/reports")
@requires("manager")
def index():
    bots = bot_settings.page(limit=bot_settings.MOST_BOTS)
    chosen = request.args.get("bot_id", type=int) or (bots[0].id if bots else None)
    if chosen is None:
        return render_template("reports/none.html")
    asked = _asked(chosen)
    summary = bot_reports.summary(asked)
    page = render_template(
        "reports/index.html",
        bots=bots,
        bot=bot_settings.get(chosen),
        asked=asked,
        before=asked.before(),
        summary=summary,
        cards=_cards(summary),
        questions=bot_reports.questions(asked, None, MOST_ROWS),
        unmatched=bot_unmatched.clusters(asked)[:MOST_ROWS],
        charts=_charts(asked) if summary["total_interactions"] else {},
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = content_policy(charts=True)
    return answer


def _asked(bot_id: int) -> Asked:
    """What the address asks for. Days that cannot be read are left out: an old bookmark still opens."""
    try:
        return bot_reports.asked(me(), bot_id, *(_day(request.args.get(name)) for name in ("from", "to")))
    except Invalid:
        return bot_reports.asked(me(), bot_id, None, None)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _charts(asked: Asked) -> dict:
    days = (asked.end - asked.start).days + 1
    bucket = "hour" if days <= 2 else "day" if days <= DAYS_BY_WEEK else "week"
    return charts.all_charts(
        bot_reports.trends(asked, bucket),
        bot_reports.heat(asked),
        bot_reports.scores(asked),
        bot_reports.ratings(asked),
        asked.timezone,
    )


def _cards(summary: dict) -> list[dict]:
    """Each figure with what it was before, and how it is written."""
    names = [
        ("total_interactions", _("Turns of the bot"), "number"),
        ("conversations_handled", _("Conversations handled"), "number"),
        ("success_rate", _("Answered by the bot"), "rate"),
        ("escalation_rate", _("Passed on to a human"), "rate"),
        ("avg_response_time_ms", _("Response time, average"), "ms"),
        ("p95_response_time_ms", _("Response time, 95th percentile"), "ms"),
        ("avg_confidence_score", _("Score, average"), "number"),
        ("avg_rating", _("Rating, average"), "number"),
    ]
    return [
        {"text": text, "kind": kind, "now": summary[name], "before": summary["previous"][name]}
        for name, text, kind in names
    ]
