"""The lists that open from a figure: turns of a bot, facts of agents and divisions, their conversations."""

from flask import abort, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.reports import bp, wording
from blueprints.reports.routes import rows_page, turns_page
from blueprints.reports.schemas import RowQuery, TurnQuery, lenient
from cloudchat.errors import Invalid
from cloudchat.services import accounts, bot_pairs, bot_reports, bot_settings, divisions, periods
from cloudchat.services.desk_report.figures import NOBODY
from cloudchat.web import me, requires

ROWS = 40


@bp.get("/app/reports/bots/<int:bot_id>/turns")
@requires("manager")
def show_turns(bot_id: int):
    query = _wanted(TurnQuery)
    bot, found = bot_settings.get(bot_id), _found(lambda: turns_page(bot_id, query), query)
    template = "reports/_turns.html" if "cursor" in request.args else "reports/turns.html"
    return render_template(
        template,
        bot=bot,
        query=query,
        found=found,
        title=_turns_title(query),
        more=_more("reports.show_turns", found, bot_id=bot_id),
        asked=bot_reports.asked(me(), bot_id, query.start, query.end),
    )


def _wanted(model):
    """The query of the address; a figure that does not exist is not found."""
    if model is RowQuery and request.args.get("figure") not in wording.desk_names():
        abort(404)
    query = lenient(model)
    query.limit = ROWS
    try:
        periods.asked(me(), query.start, query.end)
    except Invalid:
        query.start = query.end = None
    return query


def _found(ask, query) -> dict:
    try:
        return ask()
    except Invalid:  # a cursor that is not ours
        query.cursor = None
        return ask()


def _more(endpoint: str, found: dict, **values) -> str | None:
    """The address of the next rows."""
    if not found["next_cursor"]:
        return None
    return url_for(endpoint, **values, **{**request.args.to_dict(), "cursor": found["next_cursor"]})


def _turns_title(query: TurnQuery) -> str:
    """The figure, and to what it was narrowed."""
    parts = [wording.bot_names()[query.figure]]
    if query.rating:
        parts.append(_("rating %(number)s", number=query.rating))
    if query.tenth is not None:
        parts.append(_("score %(low)s to %(high)s", low=query.tenth * 10, high=query.tenth * 10 + 10))
    if query.weekday:
        parts.append(wording.weekdays()[query.weekday - 1])
    if query.hour is not None:
        parts.append(f"{query.hour:02d}:00")
    if query.at:
        parts.append(wording.moment(query.at))
    if query.qa_id:
        parts.append(f"“{bot_pairs.get(query.qa_id).question}”")
    if query.question:
        parts.append(f"“{query.question}”")
    return " · ".join(parts)


@bp.get("/app/reports/rows")
@requires("agent")
def show_rows():
    query = _wanted(RowQuery)
    found = _found(lambda: rows_page(query), query)
    template = "reports/_rows.html" if "cursor" in request.args else "reports/rows.html"
    start, end = periods.asked(me(), query.start, query.end)
    return render_template(
        template,
        query=query,
        found=found,
        title=_rows_title(query),
        kind=wording.desk_kinds().get(query.figure, "number"),
        more=_more("reports.show_rows", found),
        start=start,
        end=end,
    )


def _rows_title(query: RowQuery) -> str:
    parts = [wording.desk_names()[query.figure]]
    if query.agent_id == NOBODY:
        parts.append(_("Without an agent"))
    elif query.agent_id and me().sees_everything:
        parts.append(accounts.get_user(query.agent_id).name)
    if query.division_id == NOBODY:
        parts.append(_("Without a division"))
    elif query.division_id:
        parts.append(divisions.get(query.division_id).name)
    if query.at:
        parts.append(wording.moment(query.at))
    return " · ".join(parts)
