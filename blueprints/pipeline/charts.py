"""The report's charts, as Plotly figures. Colours come from the page's own variables (charts.js)."""

import json
from typing import Any

import plotly.graph_objects as go
from flask_babel import gettext as _

DAY = 86_400
_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}  # below, it would lie over long names


def all_charts(report: dict) -> dict[str, Any]:
    """Each figure as plain JSON, by the name of its place in the page."""
    made = {
        "funnel": _funnel(report["funnel"]),
        "times": _times(report["funnel"]),
        "throughput": _throughput(report["throughput"]),
    }
    return {name: json.loads(figure.to_json()) for name, figure in made.items()}


def _figure(*traces, **layout) -> go.Figure:
    figure = go.Figure(data=list(traces), layout={"template": "none", **layout})
    figure.update_layout(margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend=_ABOVE)
    return figure


def _funnel(rungs: list[dict]) -> go.Figure:
    names = [rung["name"] for rung in rungs]
    reached = [rung["reached"] for rung in rungs]
    first = max(reached[0], 1) if reached else 1
    trace = go.Bar(
        orientation="h",
        y=names,
        x=reached,
        text=[f"{number} · {round(number / first * 100)}%" for number in reached],
        textposition="auto",
        marker={"color": [rung["color"] or "#0d9488" for rung in rungs]},
    )
    across = {"automargin": True, "rangemode": "tozero", "tickformat": "d"}
    return _figure(
        trace,
        xaxis=across,
        yaxis={"automargin": True, "autorange": "reversed", "showgrid": False},
        bargap=0.15,
    )


def _times(rungs: list[dict]) -> go.Figure:
    shown = [rung for rung in rungs if rung["kind"] == "open"]
    names = [rung["name"] for rung in shown]

    def days(key: str) -> list[float | None]:
        return [rung[key] / DAY if rung[key] is not None else None for rung in shown]

    traces = [
        go.Bar(name=_("Mean"), x=names, y=days("avg_seconds"), meta="accent"),
        go.Bar(name=_("Median"), x=names, y=days("median_seconds"), meta="blue"),
        go.Bar(name=_("90th percentile"), x=names, y=days("p90_seconds"), meta="amber"),
        go.Bar(name=_("Age of those still there"), x=names, y=days("still_avg_seconds"), meta="muted"),
    ]
    return _figure(
        *traces,
        yaxis={"title": {"text": _("Days")}, "automargin": True, "rangemode": "tozero"},
        xaxis={"automargin": True},
        barmode="group",
    )


def _throughput(days: list[dict]) -> go.Figure:
    dates = [day["date"] for day in days]
    traces = [
        go.Bar(name=_("Won"), x=dates, y=[day["won"] for day in days], meta="green"),
        go.Bar(name=_("Lost"), x=dates, y=[day["lost"] for day in days], meta="red"),
        go.Scatter(name=_("Arrived"), x=dates, y=[day["arrived"] for day in days], mode="lines", meta="blue"),
    ]
    return _figure(
        *traces,
        barmode="stack",
        yaxis={"automargin": True, "rangemode": "tozero", "tickformat": "d"},
        xaxis={"automargin": True, "tickformat": "%d/%m"},
    )
