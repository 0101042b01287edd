"""The reports of agents and of divisions, everybody's own one, and both as files."""

from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from spectree import Response as Answers

from blueprints.reports import bp, charts, wording
from blueprints.reports.pages import bucket_of, with_charts
from blueprints.reports.schemas import DeskFileQuery, lenient
from cloudchat.downloads import send_table
from cloudchat.errors import Invalid
from cloudchat.services.contact_export import Cell
from cloudchat.services.desk_report import figures, trends
from cloudchat.services.desk_report.figures import NOBODY, Asked
from cloudchat.services.desk_report.rows import Choice
from cloudchat.services.files import safe_name
from cloudchat.services.periods import before
from cloudchat.web import PeriodQuery, api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_422")
LISTED = {"conversations_handled": {"by": "conversation"}}  # what is best seen as conversations
RATES = {"within_estimate_rate": "within_estimate"}  # the figure that a rate is made of


@bp.get("/app/reports/agents")
@requires("manager")
def agents():
    return _page("agents", figures.asked)


@bp.get("/app/reports/divisions")
@requires("manager")
def divisions():
    return _page("divisions", figures.asked)


@bp.get("/app/reports/mine")
@requires("agent")
def mine():
    """Everybody's own figures."""
    return _page("mine", lambda identity, _subject, start, end: figures.own(identity, start, end))


def _page(name: str, ask) -> Response:
    query = lenient(PeriodQuery)
    try:
        asked = ask(me(), name, query.start, query.end)
    except Invalid:
        asked = ask(me(), name, None, None)
    report = figures.report(asked)
    bucket = bucket_of(asked)
    whose = {"agent_id": asked.only} if asked.only else {}
    drawn = charts.desk_charts(
        trends.trends(asked, Choice("messages"), bucket), bucket, asked.timezone, _link(asked, **whose)
    )
    page = render_template(
        "reports/desk.html",
        name=name,
        asked=asked,
        before=before(asked.start, asked.end),
        cards=_cards(asked, report["total"], whose),
        columns=_told(asked),
        lines=[] if asked.only else [_line(asked, item) for item in report["items"]],
        charts=drawn,
        anything=_anything(report["total"]),
    )
    return with_charts(page)


def _anything(total: dict[str, Any]) -> bool:
    return any(value for name, value in total.items() if name != "previous")


def _told(asked: Asked) -> dict[str, tuple[str, str, str]]:
    """The figures of the report, in the order in which they are shown."""
    own = wording.desk_figures()
    return wording.queue_figures() | own if asked.subject == "divisions" else own


def _link(asked: Asked, start=None, end=None, **whose) -> charts.Link:
    """Addresses of what stands behind a figure of these days."""
    days = {"from": (start or asked.start).isoformat(), "to": (end or asked.end).isoformat()}
    begin = url_for("reports.show_rows", **days, **whose)
    return lambda figure, **more: charts.address(
        begin, figure=RATES.get(figure, figure), **LISTED.get(figure, {}), **more
    )


def _cards(asked: Asked, total: dict[str, Any], whose: dict) -> list[dict]:
    now, then = _link(asked, **whose), _link(asked, *before(asked.start, asked.end), **whose)
    return [
        {
            "text": text,
            "kind": kind,
            "help": told,
            "now": total[name],
            "before": total["previous"][name],
            "href": now(name),
            "before_href": then(name),
        }
        for name, (text, kind, told) in _told(asked).items()
    ]


def _line(asked: Asked, item: dict[str, Any]) -> dict[str, Any]:
    """A row of the table: whose it is, and each figure with what it was before and where it leads."""
    key = figures.SUBJECTS[asked.subject]
    link = _link(asked, **{key: item["id"] or NOBODY})
    cells = [
        {"kind": kind, "now": item[name], "before": item["previous"][name], "href": link(name)}
        for name, (_text, kind, _told_of) in _told(asked).items()
    ]
    nobody = _("Without an agent") if asked.subject == "agents" else _("Without a division")
    return {
        "name": item["name"] or nobody,
        "open": item["open_now"],
        "capacity": item.get("capacity"),
        "inbox": _inbox(key, item["id"]),
        "cells": cells,
    }


def _inbox(key: str, whose: int | None) -> str | None:
    """The open conversations at this moment."""
    if whose is None:
        return None
    narrowed = {"assignee": whose} if key == "agent_id" else {"division_id": whose, "assignee": "all"}
    return url_for("inbox.index", status="open", **narrowed)


# --- files -------------------------------------------------------------------------------------


@bp.get("/api/app/reports/export")
@requires("manager")
@api.validate(query=DeskFileQuery, resp=OK, tags=["reports"])
def export_desk(query: DeskFileQuery):
    """The figures of each agent or division, a row each; times in seconds."""
    asked = figures.asked(me(), query.subject, query.start, query.end)
    report = figures.report(asked)
    figures.record_export(asked, query.format)
    told = _told(asked)
    total = {"name": _("All"), "open_now": None, **report["total"]}
    title = {"agents": _("Agents"), "divisions": _("Divisions")}[query.subject]
    nobody = _("Without an agent") if query.subject == "agents" else _("Without a division")
    lines = [
        [title, _("Open now"), *(text for text, _kind, _help in told.values())],
        *(
            [item["name"] or nobody, _cell(item["open_now"]), *(_cell(item[name]) for name in told)]
            for item in (*report["items"], total)
        ),
    ]
    name = safe_name(f"{title}-{asked.start}-{asked.end}.{query.format}")
    return send_table(lines, query.format, name, title)


def _cell(value: float | None) -> Cell:
    return "" if value is None else value
