"""The report's charts, as Plotly figures. Colours come from the page's own variables (charts.js)."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
from flask_babel import get_locale
from flask_babel import gettext as _

# Clear at nothing, so that it fits light and dark alike
HEAT = [[0, "rgba(13,148,136,0.06)"], [1, "rgba(13,148,136,1)"]]


def all_charts(
    trends: list[dict], heat: list[list[int]], scores: list[int], ratings: list[int], timezone: str
) -> dict[str, Any]:
    """Each figure as plain JSON, by the name of its place in the page."""
    made = {
        "trend": _trend(trends, ZoneInfo(timezone)),
        "heat": _heat(heat),
        "scores": _bars([f"{low}–{low + 10}" for low in range(0, 100, 10)], scores, "blue"),
        "ratings": _bars([str(rating) for rating in range(1, 6)], ratings, "amber"),
    }
    return {name: json.loads(figure.to_json()) for name, figure in made.items()}


def weekdays() -> list[str]:
    """Monday first, in the reader's language."""
    names = get_locale().days["format"]["abbreviated"]
    return [names[number] for number in range(7)]


def _figure(*traces, **layout) -> go.Figure:
    figure = go.Figure(data=list(traces), layout={"template": "none", **layout})
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h"})
    return figure


def _trend(items: list[dict], zone: ZoneInfo) -> go.Figure:
    moments = [_local(item["at"], zone) for item in items]

    def line(name: str, key: str, color: str) -> go.Scatter:
        return go.Scatter(name=name, x=moments, y=[item[key] for item in items], mode="lines", meta=color)

    return _figure(
        line(_("Turns"), "total_interactions", "blue"),
        line(_("Answered"), "successful_interactions", "green"),
        line(_("Passed on"), "escalated_interactions", "red"),
        yaxis={"automargin": True, "rangemode": "tozero"},
        xaxis={"automargin": True},
    )


def _local(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _heat(table: list[list[int]]) -> go.Figure:
    trace = go.Heatmap(
        z=table,
        x=[f"{hour:02d}" for hour in range(24)],
        y=weekdays(),
        colorscale=HEAT,
        showscale=False,
        xgap=2,
        ygap=2,
    )
    axis = {"automargin": True, "type": "category", "showgrid": False}
    return _figure(trace, yaxis={**axis, "autorange": "reversed"}, xaxis=axis)


def _bars(names: list[str], counts: list[int], color: str) -> go.Figure:
    return _figure(
        go.Bar(x=names, y=counts, meta=color),
        xaxis={"type": "category", "automargin": True},
        yaxis={"automargin": True, "rangemode": "tozero"},
    )
