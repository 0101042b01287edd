"""Reports over the API: what stands behind the figures, and the work of agents and divisions.

The bots' own figures are in `blueprints/chatbot/reports.py`. Definitions: docs/reports.md.
"""

from spectree import Response as Answers

from blueprints.reports import bp
from blueprints.reports.schemas import (
    DeskQuery,
    DeskTrendQuery,
    RowQuery,
    SolveBody,
    TurnQuery,
    after_of,
    cut_page,
)
from cloudchat.errors import Invalid
from cloudchat.services import bot_reports, bot_turns, bot_unmatched
from cloudchat.services.desk_report import figures, trends
from cloudchat.services.desk_report import rows as desk_rows
from cloudchat.web import PeriodQuery, api, decode_cursor, encode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
OK_ALL = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_422")
LARGEST_PLACE = 10_000


@bp.get("/api/app/chatbot/bots/<int:bot_id>/reports/turns")
@requires("manager")
@api.validate(query=TurnQuery, resp=OK, tags=["chatbot"])
def list_turns(bot_id: int, query: TurnQuery):
    """The turns behind a figure of a bot, newest first, or their conversations (`by=conversation`)."""
    return turns_page(bot_id, query)


@bp.post("/api/app/chatbot/bots/<int:bot_id>/reports/unmatched")
@requires("admin")
@api.validate(json=SolveBody, resp=MADE, tags=["chatbot"])
def solve_unmatched(bot_id: int, json: SolveBody):
    """Make a pair of questions without an answer: they count as solved while the pair is there."""
    wanted = bot_reports.asked(me(), bot_id, json.start, json.end)
    pair, solved = bot_unmatched.solve(wanted, json.solves, json.pair())
    return {"qa_id": pair.id, "question": pair.question, "solved": solved}, 201


def turns_page(bot_id: int, query: TurnQuery) -> dict:
    wanted = bot_reports.asked(me(), bot_id, query.start, query.end)
    choice, by_talk = query.choice(), query.by == "conversation"
    found = bot_turns.page(wanted, choice, after_of(query.cursor), query.limit + 1, by_talk)
    items, next_cursor = cut_page(found, query.limit)
    total, conversations = bot_turns.counted(wanted, choice)
    return {"items": items, "next_cursor": next_cursor, "total": total, "conversations": conversations}


# --- agents and divisions ----------------------------------------------------------------------


@bp.get("/api/app/reports/agents")
@requires("manager")
@api.validate(query=DeskQuery, resp=OK_ALL, tags=["reports"])
def report_agents(query: DeskQuery):
    """What each agent did, beside the days before; `total` is over everybody."""
    return _listed("agents", query)


@bp.get("/api/app/reports/divisions")
@requires("manager")
@api.validate(query=DeskQuery, resp=OK_ALL, tags=["reports"])
def report_divisions(query: DeskQuery):
    """What was done in each division and how long its queue took, beside the days before."""
    return _listed("divisions", query)


def _listed(subject: str, query: DeskQuery) -> dict:
    found = figures.report(figures.asked(me(), subject, query.start, query.end))
    place = decode_cursor(query.cursor, int) or (0,)
    if place[0] is True or not 0 <= place[0] <= LARGEST_PLACE:
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    until = place[0] + query.limit
    next_cursor = encode_cursor(until) if len(found["items"]) > until else None
    return {"items": found["items"][place[0] : until], "next_cursor": next_cursor, "total": found["total"]}


@bp.get("/api/app/reports/me")
@requires("agent")
@api.validate(query=PeriodQuery, resp=OK_ALL, tags=["reports"])
def report_me(query: PeriodQuery):
    """The caller's own figures, beside the days before."""
    return figures.report(figures.own(me(), query.start, query.end))["total"]


@bp.get("/api/app/reports/trends")
@requires("agent")
@api.validate(query=DeskTrendQuery, resp=OK_ALL, tags=["reports"])
def report_desk_trends(query: DeskTrendQuery):
    """All buckets of the period at once; by hour for at most 93 days. An agent gets their own work."""
    wanted = figures.asked(me(), "agents", query.start, query.end)
    choice = desk_rows.Choice("messages", query.agent_id, query.division_id)
    return {"items": trends.trends(wanted, choice, query.bucket), "next_cursor": None}


@bp.get("/api/app/reports/rows")
@requires("agent")
@api.validate(query=RowQuery, resp=OK_ALL, tags=["reports"])
def list_report_rows(query: RowQuery):
    """What stands behind a figure, newest first, or its conversations (`by=conversation`). An agent
    gets their own work."""
    return rows_page(query)


def rows_page(query: RowQuery) -> dict:
    wanted = figures.asked(me(), "agents", query.start, query.end)
    choice, by_talk = query.choice(), query.by == "conversation"
    found = desk_rows.page(wanted, choice, after_of(query.cursor), query.limit + 1, by_talk)
    items, next_cursor = cut_page(found, query.limit)
    total, conversations = desk_rows.counted(wanted, choice)
    return {"items": items, "next_cursor": next_cursor, "total": total, "conversations": conversations}
