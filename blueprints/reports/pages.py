"""The report of a bot: figures beside those of the period before, charts, and what it did not know."""

from typing import Any

from flask import Response, make_response, render_template, request, url_for

from blueprints.reports import bp, charts, wording
from blueprints.reports.schemas import lenient
from cloudchat.errors import Invalid
from cloudchat.fields import LARGEST_ID
from cloudchat.pages import content_policy
from cloudchat.services import bot_reports, bot_settings, bot_unmatched
from cloudchat.services.bot_reports import Asked
from cloudchat.web import PeriodQuery, me, requires

MOST_ROWS = 20
DAYS_BY_WEEK = 120  # longer periods are drawn by week


@bp.get("/app/reports")
@requires("manager")
def index():
    bots = bot_settings.page(limit=bot_settings.MOST_BOTS)
    chosen = request.args.get("bot_id", type=int) or (bots[0].id if bots else None)
    if chosen is None or not 0 < chosen <= LARGEST_ID:
        return render_template("reports/none.html")
    asked = _asked(chosen)
    summary = bot_reports.summary(asked)
    return with_charts(
        render_template(
            "reports/index.html",
            bots=bots,
            bot=bot_settings.get(chosen),
            asked=asked,
            before=asked.before(),
            summary=summary,
            cards=_cards(asked, summary),
            questions=bot_reports.questions(asked, None, MOST_ROWS),
            unmatched=bot_unmatched.clusters(asked)[:MOST_ROWS],
            charts=_charts(asked) if summary["total_interactions"] else {},
            link=_link(asked),
        )
    )


def with_charts(page: str) -> Response:
    """A page whose charts may write styles."""
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = content_policy(charts=True)
    return answer


def _asked(bot_id: int) -> Asked:
    """What the address asks for. Days that cannot be read are left out: an old bookmark still opens."""
    query = lenient(PeriodQuery)
    try:
        return bot_reports.asked(me(), bot_id, query.start, query.end)
    except Invalid:
        return bot_reports.asked(me(), bot_id, None, None)


def bucket_of(asked: Any) -> str:
    """By what a trend of these days is drawn."""
    days = (asked.end - asked.start).days + 1
    return "hour" if days <= 2 else "day" if days <= DAYS_BY_WEEK else "week"


def _link(asked: Asked) -> charts.Link:
    """Addresses of the turns behind a figure of these days."""
    start = url_for(
        "reports.show_turns",
        bot_id=asked.bot_id,
        **{"from": asked.start.isoformat(), "to": asked.end.isoformat()},
    )
    return lambda figure, **narrowing: charts.address(start, figure=figure, **narrowing)


def _charts(asked: Asked) -> dict[str, charts.Chart]:
    bucket = bucket_of(asked)
    return charts.bot_charts(
        bot_reports.trends(asked, bucket),
        bucket,
        bot_reports.heat(asked),
        bot_reports.scores(asked),
        bot_reports.ratings(asked),
        asked.timezone,
        _link(asked),
    )


def _cards(asked: Asked, summary: dict) -> list[dict]:
    """Each figure with what it was before, how it is written, what it counts and where it leads."""
    now, before = _link(asked), _link(asked.before())
    by_talk = {"conversations_handled": {"by": "conversation"}}
    return [
        {
            "text": text,
            "kind": kind,
            "help": told,
            "now": summary[name],
            "before": summary["previous"][name],
            "href": now(name, **by_talk.get(name, {})),
            "before_href": before(name, **by_talk.get(name, {})),
        }
        for name, (text, kind, told) in wording.bot_figures().items()
    ]
