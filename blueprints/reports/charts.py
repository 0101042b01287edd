"""The reports' charts: Plotly figures, and the same numbers as a table.

Each point leads to what is behind it. Colours come from the page's own variables (charts.js).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from flask_babel import gettext as _

from blueprints.reports.wording import moment, weekdays

# Clear at nothing, so that it fits light and dark alike
ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}  # a legend below lies over the dates
HEAT = [[0, "rgba(13,148,136,0.06)"], [1, "rgba(13,148,136,1)"]]

Link = Callable[..., str]  # the address of the list behind a figure and its narrowing


def address(start: str, **more: Any) -> str:
    """An address with more to its query; Flask's own would cost more than the report itself."""
    return f"{start}&{urlencode(more)}"


@dataclass(frozen=True)
class Chart:
    """A figure as plain JSON, and as a table: its heading, and (name, [(number, address)]) for each row."""

    figure: dict[str, Any]
    heading: list[str]
    rows: list[tuple[str, list[tuple[int, str]]]]


@dataclass(frozen=True)
class Line:
    """A series of a trend: how it is named, which field it is, its colour."""

    name: str
    key: str
    color: str


def bot_charts(
    trends: list[dict],
    bucket: str,
    heat: list[list[int]],
    scores: list[int],
    ratings: list[int],
    zone: str,
    link: Link,
) -> dict[str, Chart]:
    """All charts of a bot's report, by the name of their place in the page."""
    lines = [
        Line(_("Turns"), "total_interactions", "blue"),
        Line(_("Answered"), "successful_interactions", "green"),
        Line(_("Passed on"), "escalated_interactions", "red"),
    ]
    tenths = [f"{low}–{low + 10}" for low in range(0, 100, 10)]
    return {
        "trend": trend(trends, lines, bucket, zone, link),
        "heat": _heat(heat, link),
        "scores": _bars(
            tenths, scores, "blue", [link("avg_confidence_score", tenth=n) for n in range(10)], _("Scores")
        ),
        "ratings": _bars(
            [str(n) for n in range(1, 6)],
            ratings,
            "amber",
            [link("ratings_count", rating=n) for n in range(1, 6)],
            _("Ratings"),
        ),
    }


def desk_charts(items: list[dict], bucket: str, zone: str, link: Link) -> dict[str, Chart]:
    """The trend of agents' work."""
    lines = [
        Line(_("Messages"), "messages", "blue"),
        Line(_("First responses"), "first_responses", "amber"),
        Line(_("Resolved"), "resolved", "green"),
    ]
    return {"trend": trend(items, lines, bucket, zone, link)}


def trend(items: list[dict], lines: list[Line], bucket: str, zone: str, link: Link) -> Chart:
    links = {line.key: [link(line.key, at=item["at"], bucket=bucket) for item in items] for line in lines}
    moments = [_local(item["at"], ZoneInfo(zone)) for item in items]
    traces = [
        go.Scatter(
            name=line.name,
            x=moments,
            y=[item[line.key] for item in items],
            mode="lines+markers" if len(items) < 60 else "lines",
            meta=line.color,
            customdata=links[line.key],
        )
        for line in lines
    ]
    axes = {
        "yaxis": {"automargin": True, "rangemode": "tozero"},
        "xaxis": {"automargin": True},
    }
    rows = [
        (moment(item["at"]), [(item[line.key], links[line.key][n]) for line in lines])
        for n, item in enumerate(items)
        if any(item[line.key] for line in lines)
    ]
    return Chart(_figure(*traces, **axes), [_("Time"), *(line.name for line in lines)], rows)


def _figure(*traces, **layout) -> dict[str, Any]:
    figure = go.Figure(data=list(traces), layout={"template": "none", **layout})
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend=ABOVE)
    return json.loads(figure.to_json())


def _local(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _heat(table: list[list[int]], link: Link) -> Chart:
    names, hours = weekdays(), [f"{hour:02d}" for hour in range(24)]
    links = [[link("total_interactions", weekday=d + 1, hour=h) for h in range(24)] for d in range(7)]
    trace = go.Heatmap(
        z=table, x=hours, y=names, colorscale=HEAT, showscale=False, xgap=2, ygap=2, customdata=links
    )
    axis = {"automargin": True, "type": "category", "showgrid": False}
    figure = _figure(trace, yaxis={**axis, "autorange": "reversed"}, xaxis=axis)
    rows = [(name, list(zip(table[n], links[n], strict=True))) for n, name in enumerate(names)]
    return Chart(figure, [_("Weekday"), *hours], rows)


def _bars(names: list[str], counts: list[int], color: str, links: list[str], title: str) -> Chart:
    figure = _figure(
        go.Bar(x=names, y=counts, meta=color, customdata=links),
        xaxis={"type": "category", "automargin": True},
        yaxis={"automargin": True, "rangemode": "tozero"},
    )
    rows = [(name, [(counts[n], links[n])]) for n, name in enumerate(names)]
    return Chart(figure, [title, _("Turns")], rows)
