"""What a bot did: figures over the API, and its turns as a file. Definitions: docs/reports.md."""

from itertools import chain

from flask_babel import gettext as _
from spectree import Response as Answers

from blueprints.chatbot import bp
from blueprints.chatbot.schemas import PLACE, ReportFileQuery, ReportListQuery, TrendQuery
from cloudchat.downloads import send_table
from cloudchat.errors import Invalid
from cloudchat.services import (
    bot_reports,
    bot_settings,
    bot_turn_export,
    bot_unmatched,
)
from cloudchat.services.bot_reports import Asked
from cloudchat.services.files import safe_name
from cloudchat.web import PeriodQuery, api, decode_cursor, encode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
REPORTS = "/api/app/chatbot/bots/<int:bot_id>/reports"


def _asked(bot_id: int, query: PeriodQuery) -> Asked:
    return bot_reports.asked(me(), bot_id, query.start, query.end)


def _after(cursor: str | None, *kinds: type) -> tuple | None:
    """Behind which count and what else a list goes on. Raises Invalid."""
    parts = decode_cursor(cursor, *kinds)
    if any(isinstance(part, int) and (part is True or part not in PLACE) for part in parts or ()):
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    return parts


@bp.get(f"{REPORTS}/summary")
@requires("manager", scope="reports:read")
@api.validate(query=PeriodQuery, resp=OK, tags=["chatbot"])
def report_summary(bot_id: int, query: PeriodQuery):
    """The figures of the period beside those of as many days before. Rates are 0 to 1, or null."""
    return bot_reports.summary(_asked(bot_id, query))


@bp.get(f"{REPORTS}/trends")
@requires("manager", scope="reports:read")
@api.validate(query=TrendQuery, resp=OK, tags=["chatbot"])
def report_trends(bot_id: int, query: TrendQuery):
    """All buckets of the period at once; by hour for at most 93 days."""
    return {"items": bot_reports.trends(_asked(bot_id, query), query.bucket), "next_cursor": None}


@bp.get(f"{REPORTS}/questions")
@requires("manager", scope="reports:read")
@api.validate(query=ReportListQuery, resp=OK, tags=["chatbot"])
def report_questions(bot_id: int, query: ReportListQuery):
    after = _after(query.cursor, int, int)
    rows = bot_reports.questions(_asked(bot_id, query), after, query.limit + 1)
    items = rows[: query.limit]
    last = items[-1] if len(rows) > query.limit else None
    return {"items": items, "next_cursor": last and encode_cursor(last["count"], last["qa_id"])}


@bp.get(f"{REPORTS}/unmatched")
@requires("manager", scope="reports:read")
@api.validate(query=ReportListQuery, resp=OK, tags=["chatbot"])
def report_unmatched(bot_id: int, query: ReportListQuery):
    """Questions without an answer, the like together, asked most first."""
    after = _after(query.cursor, int, str)
    rows = bot_unmatched.clusters(_asked(bot_id, query))
    if after:
        rows = [row for row in rows if (-row["count"], row["question"]) > (-after[0], after[1])]
    items = rows[: query.limit]
    last = items[-1] if len(rows) > query.limit else None
    return {"items": items, "next_cursor": last and encode_cursor(last["count"], last["question"])}


@bp.get(f"{REPORTS}/export")
@requires("manager", scope="reports:read")
@api.validate(query=ReportFileQuery, resp=OK, tags=["chatbot"])
def report_export(bot_id: int, query: ReportFileQuery):
    """Every turn of the period, a row each."""
    wanted = _asked(bot_id, query)
    bot_turn_export.record(wanted, query.format)
    lines = chain([_heading()], bot_turn_export.rows(me(), wanted, _outcomes()))
    name = safe_name(f"{bot_settings.get(bot_id).name}-{wanted.start}-{wanted.end}.{query.format}")
    return send_table(lines, query.format, name, _("Answers"))


def _heading() -> list[str]:
    return [
        _("Time"),
        _("Conversation"),
        _("Question"),
        _("Answer"),
        _("What the bot did"),
        _("Question of the list"),
        _("Score"),
        _("Response time, ms"),
        _("Passed on to a human (1: yes)"),
        _("Reason"),
        _("Rating"),
    ]


def _outcomes() -> dict[str, str]:
    return {
        "greeting": _("Greeted"),
        "answer": _("Answered"),
        "suggest": _("Asked back"),
        "fallback": _("Knew no answer"),
        "escalate": _("Called a human"),
    }
