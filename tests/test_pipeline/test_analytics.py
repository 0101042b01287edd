"""The analytics by their definitions: the worked example, and a recount from raw history."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import mean, median
from zoneinfo import ZoneInfo

import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.extensions import db
from cloudchat.models import Conversation, PipelineStage
from cloudchat.services.pipelines import steps
from cloudchat.services.pipelines.cards import AUTOMATION, SYSTEM
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_pipeline.conftest import Desk

ZONE = ZoneInfo("Asia/Jakarta")
MONDAY = datetime(2026, 11, 16, 9, tzinfo=ZONE)
DAY = timedelta(days=1)
STAGES = [
    {"name": "Lead"},
    {"name": "Qualified"},
    {"name": "Proposal"},
    {"name": "Won", "kind": "won"},
    {"name": "Lost", "kind": "lost"},
]


def step(card, stage, actor=SYSTEM):
    """A move at the present (travelled) moment; None takes the card off."""
    with acting_as(card.organization_id):
        row = steps.locked_card(card.id)
        if stage is None:
            steps.leave(row, actor)
        else:
            target = db.session.get(PipelineStage, stage.id)
            steps.place(row, target, steps.Wanted(target.id), actor)
        db.session.commit()


def report(desk, start="2026-11-16", end="2026-11-25", **more):
    query = {"from": start, "to": end, **more}
    answer = desk.call("get", f"/api/app/pipelines/{desk.pipeline.id}/analytics", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def worked_example(desk):
    """A: Lead 1 d → Qualified 2 d → Won. B: Lead 3 d → Lost. C: Lead 1 d → Proposal. D: still Lead."""
    stages = desk.stages
    with time_machine.travel(MONDAY, tick=False):
        a, b, c, d = (desk.card(deal_value=value) for value in (1000, 500, 2000, None))
    with time_machine.travel(MONDAY + DAY, tick=False):
        step(a, stages["Qualified"])
        step(c, stages["Proposal"])
    with time_machine.travel(MONDAY + 3 * DAY, tick=False):
        step(a, stages["Won"])
        step(b, stages["Lost"])
    return a, b, c, d


def test_the_worked_example(cast, as_person):
    desk = Desk(cast, as_person, stages=STAGES)
    a, b, c, d = worked_example(desk)
    with time_machine.travel(MONDAY + 10 * DAY, tick=False):
        found = report(desk)
    rungs = {rung["name"]: rung for rung in found["funnel"]}
    assert {name: rung["reached"] for name, rung in rungs.items()} == {
        "Lead": 4,
        "Qualified": 2,
        "Proposal": 2,
        "Won": 1,
    }
    assert [rung["conversion_to_next"] for rung in found["funnel"]] == [0.5, 1.0, 0.5, None]
    assert (found["cohort"], found["conversion_rate"], found["win_rate"]) == (4, 0.25, 0.5)
    assert round(rungs["Lead"]["avg_seconds"] / 86400, 2) == 1.67
    assert (rungs["Lead"]["median_seconds"], rungs["Lead"]["still_there"]) == (86400, 1)
    assert rungs["Lead"]["drop_off"] == 1
    assert found["avg_cycle_seconds"] == 3 * 86400
    assert [day for day in found["throughput"] if day["won"] or day["lost"]] == [
        {"date": "2026-11-19", "won": 1, "lost": 1, "arrived": 0}
    ]
    assert found["throughput"][0]["arrived"] == 4
    assert [(item["id"], item["stage_id"]) for item in found["stuck"]] == [
        (d.id, desk.stages["Lead"].id),
        (c.id, desk.stages["Proposal"].id),
    ]
    assert (found["value"], found["weighted_value"], found["without_value"]) == (2000, 1500, 1)
    assert found["win_rate_by_value"] == 1000 / 1500
    assert rungs["Lead"]["ended"] == {
        "visits": 3,
        "forward": 2 / 3,
        "backward": 0,
        "lost": 1 / 3,
        "removed": 0,
    }
    assert found["by_agent"][0]["won"] == 1 and found["bottleneck"]["name"] == "Lead"
    assert (a.id, b.id) != (c.id, d.id)


def test_nothing_to_divide_by_is_null(cast, as_person):
    desk = Desk(cast, as_person, stages=STAGES)
    found = report(desk)
    assert (found["cohort"], found["conversion_rate"], found["win_rate"]) == (0, None, None)
    assert found["avg_cycle_seconds"] is found["sales_velocity"] is found["bottleneck"] is None
    assert all(rung["conversion_to_next"] is None for rung in found["funnel"])


def test_filters_and_wrong_periods(cast, as_person):
    desk = Desk(cast, as_person, stages=STAGES)
    card, *_others = worked_example(desk)
    label = factories.label(cast.organization_id)
    desk.call("put", f"/api/app/inbox/conversations/{card.id}/labels", json={"labels": [label.id]})
    assert report(desk, label_id=label.id)["cohort"] == 1
    assert report(desk, channel="telegram")["cohort"] == 0
    assert report(desk, agent_id=cast.agent.id)["win_rate"] is None
    for foreign in ({"label_id": factories.label(cast.neighbour_id).id}, {"agent_id": cast.stranger.id}):
        assert report(desk, **foreign)["cohort"] == 0
    with time_machine.travel(MONDAY + 4 * DAY, tick=False):
        step(_others[2], desk.stages["Lost"], AUTOMATION)
    assert (report(desk)["lost"], report(desk, manual="true")["lost"]) == (2, 1)
    url = f"/api/app/pipelines/{desk.pipeline.id}/analytics"
    for wrong in (
        "from=2026-02-01&to=2026-01-01",
        "from=1000-01-01",
        "from=x",
        "from=2000-01-01&to=2099-01-01",
    ):
        assert desk.call("get", f"{url}?{wrong}").status_code == 422
    assert desk.call("get", url, cast.agent).status_code == 403


def test_a_corrected_drop_can_be_left_out(cast, as_person):
    desk = Desk(cast, as_person, stages=STAGES)
    with time_machine.travel(MONDAY, tick=False):
        card = desk.card()
    with time_machine.travel(MONDAY + DAY, tick=False):
        step(card, desk.stages["Won"])
    with time_machine.travel(MONDAY + DAY + timedelta(seconds=9), tick=False):
        step(card, desk.stages["Lead"])
    assert report(desk)["conversion_rate"] == 1
    assert report(desk, skip_corrections="true")["conversion_rate"] == 0


# --- a recount ---------------------------------------------------------------------------------

START, END = date(2026, 11, 16), date(2026, 11, 18)


def recount(desk, cards):
    """The same figures from raw history, row by row, as the definitions say."""
    by_id = {stage.id: stage for stage in desk.stages.values()}
    begin = datetime.combine(START, datetime.min.time(), ZONE)
    finish = datetime.combine(END + DAY, datetime.min.time(), ZONE)
    inside = lambda moment: begin <= moment < finish  # noqa: E731
    reached, fallen, visits, closed, cohort, cycles = Counter(), Counter(), defaultdict(list), {}, 0, []
    open_stages = [stage for stage in desk.stages.values() if stage.kind == "open"]
    for card in cards:
        rows = desk.history(card)
        entries = [by_id[row.to_stage_id] for row in rows if row.to_stage_id]
        for row, after in pairwise(rows):
            if row.to_stage_id and inside(after.created_at):
                visits[row.to_stage_id].append((after.created_at - row.created_at).total_seconds())
        endings = [row for row in rows if row.to_stage_id and by_id[row.to_stage_id].kind != "open"]
        endings = [row for row in endings if inside(row.created_at)]
        if endings:
            closed[card.id] = by_id[endings[-1].to_stage_id].kind
            if closed[card.id] == "won":
                cycles.append((endings[-1].created_at - rows[0].created_at).total_seconds())
        if not inside(rows[0].created_at):
            continue
        cohort += 1
        for stage in open_stages:
            higher = any(
                s.kind == "won" or (s.kind == "open" and s.position >= stage.position) for s in entries
            )
            reached[stage.id] += higher
        reached["won"] += any(stage.kind == "won" for stage in entries)
        last = by_id[rows[-1].to_stage_id] if rows[-1].to_stage_id else None
        if last is None or last.kind == "lost":
            before = [stage for stage in entries if stage.kind == "open"]
            fallen[before[-1].id] += 1
    return reached, fallen, visits, Counter(closed.values()), cohort, cycles


def test_any_history_is_counted_as_the_definitions_say(cast, as_person):
    """Property: whatever cards did, the report equals a recount of their rows, and the funnel narrows."""
    targets = ["Lead", "Qualified", "Proposal", "Won", "Lost", None]
    moves = st.lists(st.tuples(st.integers(1, 30), st.sampled_from(targets)), max_size=5)

    @settings(max_examples=10, deadline=None, database=None)
    @given(st.lists(st.tuples(st.integers(0, 96), moves), min_size=1, max_size=4))
    def hold(histories):
        desk = Desk(cast, as_person, stages=STAGES)
        cards = []
        for begins, walk in histories:
            moment = datetime(2026, 11, 15, 1, tzinfo=ZONE) + timedelta(hours=begins)
            with time_machine.travel(moment, tick=False):
                card = desk.card()
            cards.append(card)
            for hours, target in walk:
                moment += timedelta(hours=hours)
                with time_machine.travel(moment, tick=False):
                    if target is not None or desk.now(card).pipeline_stage_id:
                        step(card, desk.stages[target] if target else None)
        found = report(desk, START.isoformat(), END.isoformat())
        reached, fallen, visits, closed, cohort, cycles = recount(desk, cards)
        assert found["cohort"] == cohort
        for rung in found["funnel"]:
            key = "won" if rung["kind"] == "won" else rung["stage_id"]
            assert rung["reached"] == reached[key]
            assert rung["drop_off"] == fallen[rung["stage_id"]]
            spent = visits.get(rung["stage_id"], [])
            assert rung["ended"]["visits"] == len(spent)
            assert rung["avg_seconds"] == (mean(spent) if spent else None)
            assert rung["median_seconds"] == (median(spent) if spent else None)
        sizes = [rung["reached"] for rung in found["funnel"]]
        assert sizes == sorted(sizes, reverse=True)
        assert (found["won"], found["lost"]) == (closed["won"], closed["lost"])
        assert found["avg_cycle_seconds"] == (mean(cycles) if cycles else None)

    hold()


def test_history_durations_add_up(cast, as_person):
    """Between coming and going, no second is lost or counted twice."""
    desk = Desk(cast, as_person, stages=STAGES)
    card = worked_example(desk)[0]
    rows = desk.history(card)
    total = (rows[-1].created_at - rows[0].created_at).total_seconds()
    assert sum(row.duration_seconds or 0 for row in rows) == total
    with acting_as(cast.organization_id):
        assert db.session.get(Conversation, card.id).stage_changed_at == rows[-1].created_at
