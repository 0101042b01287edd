"""The rungs of a board's funnel: how many came how high, and how long they stayed."""

from collections import Counter, defaultdict
from typing import Any

from cloudchat.extensions import now
from cloudchat.models import PipelineStage
from cloudchat.services.pipelines import analytics_sql
from cloudchat.services.statements import run


def rate(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def of(ladder: list[PipelineStage], given: dict, cards: list) -> tuple[list[dict], int, int]:
    """The rungs with their figures, the cohort's size, and how many of it were won."""
    counts: dict[str, Counter] = defaultdict(Counter)
    for row in run(analytics_sql.REACHED, **given):
        counts[row.what][row.key] = row.number
    visits = {row.stage_id: row for row in run(analytics_sql.VISITS, **given)}
    cohort = counts["cohort"][0]
    any_won = sum(number for height, number in counts["height"].items() if height == 1_000_000)
    open_stages = [stage for stage in ladder if stage.kind == "open"]
    won_stages = [stage for stage in ladder if stage.kind == "won"]

    def reached(stage: PipelineStage) -> int:
        return sum(
            n for height, n in counts["height"].items() if height is not None and height >= stage.position
        )

    rungs = [(stage, reached(stage)) for stage in open_stages]
    nexts = [number for _stage, number in rungs[1:]] + ([any_won] if won_stages else [])
    made = []
    for place, (stage, number) in enumerate(rungs):
        following = nexts[place] if place < len(nexts) else None
        made.append(_rung(stage, number, following, visits, cards, counts["fallen"][stage.id]))
    for stage in won_stages:
        number = any_won if len(won_stages) == 1 else counts["won"][stage.id]
        made.append(_rung(stage, number, None, visits, cards, 0))
    return made, cohort, any_won


def _rung(stage, reached: int, following: int | None, visits: dict, cards: list, fallen: int) -> dict:
    visit = visits.get(stage.id)
    here = [card for card in cards if card.stage_id == stage.id]
    ages = [age(card) for card in here]
    return {
        "stage_id": stage.id,
        "name": stage.name,
        "kind": stage.kind,
        "color": stage.color,
        "reached": reached,
        "conversion_to_next": None if following is None else rate(following, reached),
        "avg_seconds": visit.mean if visit else None,
        "median_seconds": visit.median if visit else None,
        "p90_seconds": visit.p90 if visit else None,
        "still_there": len(here),
        "still_avg_seconds": mean(ages),
        "drop_off": fallen,
        "ended": _ended(visit),
    }


def _ended(visit) -> dict[str, Any]:
    """The activity view: visits that ended in the period, by where they led."""
    if visit is None:
        return {"visits": 0, "forward": None, "backward": None, "lost": None, "removed": None}
    shares = {
        name: getattr(visit, name) / visit.number for name in ("forward", "backward", "lost", "removed")
    }
    return {"visits": visit.number, **shares}


def bottleneck(funnel: list[dict]) -> dict | None:
    """A hint, not a verdict: where many wait for long."""
    rungs = [
        rung for rung in funnel if rung["kind"] == "open" and rung["median_seconds"] and rung["still_there"]
    ]
    if not rungs:
        return None
    worst = max(rungs, key=lambda rung: rung["median_seconds"] * rung["still_there"])
    return {"stage_id": worst["stage_id"], "name": worst["name"]}


def age(card) -> float:
    return max(0.0, (now() - card.stage_changed_at).total_seconds())
