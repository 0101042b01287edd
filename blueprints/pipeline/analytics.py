"""The analytics of a pipeline: figures over the API, a page with charts, a file."""

from collections.abc import Iterator

from flask import Response, make_response, render_template, request
from flask_babel import gettext as _
from pydantic import ValidationError
from spectree import Response as Answers

from blueprints.pipeline import bp, charts
from blueprints.pipeline.schemas import AnalyticsQuery
from cloudchat.channels import CHANNELS
from cloudchat.pages import content_policy
from cloudchat.services import contact_export, labels, periods
from cloudchat.services.files import safe_name
from cloudchat.services.pipelines import analytics, catalog, choices
from cloudchat.services.pipelines.analytics import Asked
from cloudchat.web import api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")


@bp.get("/api/app/pipelines/<int:pipeline_id>/analytics")
@requires("manager", scope="reports:read")
@api.validate(query=AnalyticsQuery, resp=OK, tags=["pipelines"])
def show_analytics(pipeline_id: int, query: AnalyticsQuery):
    """Definitions: docs/pipeline.md. Rates are 0 to 1, or null where there is nothing to divide by."""
    return analytics.report(me(), pipeline_id, _asked(query))


def _asked(query: AnalyticsQuery) -> Asked:
    start, end = periods.asked(me(), query.start, query.end)
    return Asked(start, end, **query.model_dump(exclude={"start", "end"}))


@bp.get("/app/pipelines/<int:pipeline_id>/analytics", endpoint="analytics")
@requires("manager")
def show_page(pipeline_id: int):
    query = _wanted()
    asked = _asked(query)
    found = analytics.report(me(), pipeline_id, asked)
    page = render_template(
        "pipeline/analytics.html",
        pipeline=catalog.get(pipeline_id),
        report=found,
        asked=asked,
        charts=charts.all_charts(found),
        agents=choices.agents(),
        labels=labels.all_labels(),
        channels=sorted(CHANNELS),
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = content_policy(charts=True)
    return answer


def _wanted() -> AnalyticsQuery:
    """What the address asks for. What cannot be read is left out: an old bookmark still opens."""
    given = {name: value for name, value in request.args.items() if value}
    while True:
        try:
            return AnalyticsQuery.model_validate(given)
        except ValidationError as error:
            for finding in error.errors():
                given.pop(str(finding["loc"][0]), None)


@bp.get("/app/pipelines/<int:pipeline_id>/analytics/export")
@requires("manager")
def export_analytics(pipeline_id: int):
    """The figures as a CSV file, rung by rung."""
    asked = _asked(_wanted())
    found = analytics.report(me(), pipeline_id, asked)
    lines = [_heading(), *_lines(found)]  # words need the request, so all of them now
    answer = Response(contact_export.as_csv(lines), mimetype="text/csv")
    name = safe_name(f"{catalog.get(pipeline_id).name}-{asked.start}-{asked.end}.csv")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _heading() -> list[str]:
    return [
        _("Stage"),
        _("Reached"),
        _("Conversion to the next stage"),
        _("Mean time, seconds"),
        _("Median time, seconds"),
        _("90th percentile, seconds"),
        _("Still there"),
        _("Dropped off"),
    ]


def _lines(found: dict) -> Iterator[list[str]]:
    names = (
        "reached",
        "conversion_to_next",
        "avg_seconds",
        "median_seconds",
        "p90_seconds",
        "still_there",
        "drop_off",
    )
    for rung in found["funnel"]:
        yield [rung["name"], *("" if rung[name] is None else str(rung[name]) for name in names)]
    yield []
    totals = ("cohort", "conversion_rate", "win_rate", "avg_cycle_seconds", "value", "weighted_value")
    for name in totals:
        yield [name, "" if found[name] is None else str(found[name])]
    yield []
    yield [_("Date"), _("Arrived"), _("Won"), _("Lost")]
    for day in found["throughput"]:
        yield [day["date"], *(str(day[name]) for name in ("arrived", "won", "lost"))]
