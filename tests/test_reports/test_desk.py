"""The figures of agents and divisions: by their definition, equal to a recount and to the lists behind."""

import csv
import io
import random
from statistics import mean, median

import numpy as np
import pytest
from sqlalchemy import text

from cloudchat.extensions import db
from cloudchat.services.desk_report import facts
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import As
from tests.test_reports.conftest import BEGAN, DAYS, Desk


def test_when_a_first_response_begins(desk_of_days):
    """With the first message; after a bot when it called a human, else with what was written after it."""
    desk, (agent, other) = desk_of_days, desk_of_days.agents
    plain = desk.talk(0)
    desk.say(plain, "contact", 0)
    desk.say(plain, "contact", 3)
    desk.say(plain, "system", 3)  # a place in the queue is no answer
    desk.say(plain, "agent", 5, agent)
    desk.say(plain, "agent", 50, other)  # no first one
    called = desk.talk(0)
    desk.say(called, "contact", 0)
    desk.say(called, "bot", 0)
    desk.say(called, "contact", 10)
    desk.event(called, "needs_human", 10)
    desk.say(called, "bot", 10)
    desk.say(called, "contact", 12)
    desk.say(called, "agent", 20, agent)
    taken_over = desk.talk(0)
    desk.say(taken_over, "contact", 0)
    desk.say(taken_over, "bot", 1)
    desk.say(taken_over, "contact", 30)
    desk.say(taken_over, "agent", 31, agent)
    greeted = desk.talk(0)  # the desk writes first: nobody waited
    desk.say(greeted, "agent", 1, agent)
    desk.say(greeted, "contact", 2)
    earlier = desk.talk(-50 * 24 * 60)  # answered first long before
    desk.say(earlier, "contact", -50 * 24 * 60)
    desk.say(earlier, "agent", -50 * 24 * 60 + 1, other)
    desk.say(earlier, "contact", 0)
    desk.say(earlier, "agent", 1, agent)
    total = desk.asks("agents")["total"]
    assert total["first_responses"] == 3
    assert total["first_response_avg_seconds"] == pytest.approx((5 + 10 + 1) * 60 / 3, abs=0.01)
    behind = desk.asks("rows", figure="first_response_avg_seconds", agent_id=agent.id)
    assert sorted(row["value"] for row in behind["items"]) == [60, 300, 600]


@pytest.fixture(scope="module")
def busy(app):
    """Forty conversations at random, over twice the days; nobody changes them."""
    with app.app_context():
        return work_at_random(Desk(lambda person: As(app, person)), random.Random(7))


def work_at_random(desk, dice):
    desk.known = []
    for _ in range(40):
        begins = dice.uniform(-4 * 1440, 4 * 1440 - 300)
        agent, division = dice.choice([*desk.agents, None]), dice.choice([*desk.divisions, None])
        talk = desk.talk(begins, assignee_id=agent and agent.id, division_id=division and division.id)
        known = {"talk": talk.id, "agent": agent and agent.id, "division": division and division.id}
        known |= {
            "begins": begins,
            "answers": [],
            "resolved": None,
            "ratings": [],
            "rated": None,
            "wait": None,
            "moved": None,
        }
        desk.say(talk, "contact", begins)
        for _ in range(dice.randrange(3)):
            known["answers"].append(begins + dice.uniform(0.5, 60))
        known["answers"].sort()
        for minutes in known["answers"]:
            desk.say(talk, "agent", minutes, agent)
        if dice.random() < 0.7:
            known["resolved"] = begins + dice.uniform(61, 290)
            desk.resolve(talk, known["resolved"])
            if dice.random() < 0.5:
                known["ratings"].append(dice.randint(1, 5))
                desk.rate(talk, known["ratings"][0], begins + 1)
            if dice.random() < 0.5:
                known["rated"] = known["resolved"] + dice.uniform(1, 900), dice.randint(1, 5)
                desk.rate_agent(talk, known["rated"][1], known["rated"][0])
        if dice.random() < 0.3:
            known["moved"] = begins + 2
            had = {"from_agent_id": known["agent"], "from_division_id": known["division"]}
            desk.event(talk, "transferred", begins + 2, **had)
        if division and dice.random() < 0.8:
            served = dice.random() < 0.8
            known["wait"] = (begins, dice.randrange(3600) if served else None, dice.choice([None, 10, 30]))
            desk.wait(talk, division, begins, known["wait"][1], estimated_minutes=known["wait"][2])
        desk.known.append(known)
    return desk


def within(minutes: float | None) -> bool:
    """In the four days, of Makassar: eight hours before those of UTC."""
    return minutes is not None and -480 <= minutes < 4 * 1440 - 480


def recount(known: list[dict], queue: bool) -> dict:
    answers = [(one, at) for one in known for at in one["answers"] if within(at)]
    firsts = [
        (one["answers"][0] - one["begins"]) * 60
        for one in known
        if one["answers"] and within(one["answers"][0])
    ]
    resolved = [one for one in known if within(one["resolved"])]
    ratings = [rating for one in resolved for rating in one["ratings"]]
    ratings += [one["rated"][1] for one in known if one["rated"] and within(one["rated"][0])]
    lasted = [(one["resolved"] - one["begins"]) * 60 for one in resolved]
    told = {
        "messages": len(answers),
        "conversations_handled": len({one["talk"] for one, _ in answers}),
        "first_responses": len(firsts),
        "first_response_avg_seconds": mean(firsts) if firsts else None,
        "first_response_median_seconds": median(firsts) if firsts else None,
        "first_response_p90_seconds": np.percentile(firsts, 90) if firsts else None,
        "resolved": len(resolved),
        "resolution_avg_seconds": mean(lasted) if lasted else None,
        "resolution_median_seconds": median(lasted) if lasted else None,
        "handed_on": sum(within(one["moved"]) for one in known),
        "ratings_count": len(ratings),
        "avg_rating": mean(ratings) if ratings else None,
    }
    if queue:
        waits = [one["wait"] for one in known if one["wait"] and within(one["wait"][0])]
        served = [seconds for _, seconds, _ in waits if seconds is not None]
        promised = [(seconds, of) for _, seconds, of in waits if seconds is not None and of]
        kept = sum(seconds <= of * 60 for seconds, of in promised)
        told |= {
            "entered": len(waits),
            "served": len(served),
            "left_queue": len(waits) - len(served),
            "wait_avg_seconds": mean(served) if served else None,
            "wait_p90_seconds": np.percentile(served, 90) if served else None,
            "wait_longest_seconds": max(served) if served else None,
            "estimates_told": len(promised),
            "within_estimate": kept,
            "within_estimate_rate": kept / len(promised) if promised else None,
        }
    return told


@pytest.mark.parametrize("subject", ["agents", "divisions"])
def test_figures_equal_a_recount_and_the_lists_behind_them(busy, subject):
    report = busy.asks(subject)
    key = subject.removesuffix("s")
    assert_same(report["total"], recount(busy.known, subject == "divisions"))
    ids = {one[key] for one in busy.known}
    idle = {busy.manager.id} if subject == "agents" else set()
    assert {item["id"] for item in report["items"]} == ids | idle
    for item in report["items"]:
        assert_same(
            item, recount([one for one in busy.known if one[key] == item["id"]], subject == "divisions")
        )
        for figure in facts.SOURCES:
            if figure not in item:
                continue
            by = "conversation" if figure == "conversations_handled" else "row"
            whose = {f"{key}_id": item["id"] or "none"}
            rows, behind = pages(busy, figure=figure, by=by, **whose)
            count = behind["conversations"] if by == "conversation" else behind["total"]
            assert len(rows) == count, (figure, item["name"])
            check_figure(figure, item[figure], rows, count)
    before = busy.asks(subject, **{"from": "2026-10-01", "to": "2026-10-04"})["total"]
    assert report["total"]["previous"] == {
        name: value for name, value in before.items() if name != "previous"
    }


def assert_same(told: dict, expected: dict) -> None:
    for name, value in expected.items():
        assert told[name] == (None if value is None else pytest.approx(value, abs=0.02)), name


def check_figure(figure: str, value, rows: list[dict], count: int) -> None:
    """A count is the length of its list; a mean, a percentile or a maximum is that of its list."""
    values = [row["value"] for row in rows]
    ways = {"avg": mean, "median": median, "p90": lambda of: np.percentile(of, 90), "longest": max}
    way = next((ways[word] for word in figure.split("_") if word in ways), None)
    if way is None:
        assert value == count, figure
    else:
        assert value == (pytest.approx(way(values), abs=0.02) if values else None), figure


def pages(desk, **query) -> tuple[list[dict], dict]:
    """All rows of a list, page by page, and its last page."""
    rows, cursor = [], None
    while True:
        found = desk.asks("rows", limit=7, cursor=cursor or "", **query)
        rows += found["items"]
        cursor = found["next_cursor"]
        if cursor is None:
            assert len({row["id"] for row in rows}) == len(rows)
            return rows, found


def test_trends_add_up_and_lead_to_their_rows(busy):
    total = busy.asks("agents")["total"]
    for bucket in ("hour", "day", "week"):
        items = busy.asks("trends", bucket=bucket)["items"]
        for name in ("messages", "first_responses", "resolved"):
            assert sum(item[name] for item in items) == total[name]
    days = busy.asks("trends")["items"]
    assert [item["at"] for item in days][:2] == ["2026-10-04T16:00:00.000Z", "2026-10-05T16:00:00.000Z"]
    for item in days:
        assert busy.asks("rows", figure="messages", at=item["at"], bucket="day")["total"] == item["messages"]


def test_an_agent_sees_their_own_work_alone(busy):
    agent = busy.agents[0]
    caller = busy.as_person(agent)
    for what in ("agents", "divisions", "export"):
        assert caller.get(f"/api/app/reports/{what}").status_code == 403
    own = next(item for item in busy.asks("agents")["items"] if item["id"] == agent.id)
    mine = busy.asks("me", caller)
    assert mine["messages"] == own["messages"] > 0
    for query in ({}, {"agent_id": busy.agents[1].id}):
        rows = busy.asks("rows", caller, figure="messages", **query)["items"]
        assert all(row["agent"]["id"] == agent.id for row in rows)
    assert sum(item["messages"] for item in busy.asks("trends", caller)["items"]) == own["messages"]
    assert caller.get("/app/reports").status_code == 403
    page = caller.get("/app/reports/mine", query_string=DAYS)
    assert page.status_code == 200 and "/app/reports/rows?" in page.text


def test_pages_lists_and_files(busy, context):
    with acting_as(busy.organization_id):
        db.session.execute(text("update divisions set name = '=HYPERLINK(1)'"))
        db.session.commit()
    for name in ("agents", "divisions"):
        page = busy.api.get(f"/app/reports/{name}", query_string=DAYS)
        assert page.status_code == 200 and "report-charts" in page.text
        empty = busy.api.get(f"/app/reports/{name}", query_string={"from": "2020-01-01", "to": "2020-01-02"})
        assert empty.status_code == 200 and "report-charts" not in empty.text
        lines = list(
            csv.reader(
                io.StringIO(
                    busy.api.get(
                        "/api/app/reports/export", query_string={**DAYS, "subject": name}
                    ).data.decode("utf-8-sig")
                )
            )
        )
        assert len(lines) == 3 + len(busy.asks(name)["items"]) - 1
        assert all(not cell.startswith("=") for line in lines for cell in line)
        xlsx = busy.api.get("/api/app/reports/export", query_string={"subject": name, "format": "xlsx"})
        assert xlsx.data[:2] == b"PK"
    behind = busy.api.get(
        "/app/reports/rows", query_string={**DAYS, "figure": "messages", "division_id": busy.divisions[0].id}
    )
    assert behind.status_code == 200 and "/app/inbox/" in behind.text
    assert busy.api.get("/app/reports/rows", query_string={"figure": "x"}).status_code == 404
    odd = {"figure": "messages", "from": "2026-99-01", "agent_id": "0", "cursor": "x", "at": "x"}
    assert busy.api.get("/app/reports/rows", query_string=odd).status_code == 200


def test_what_is_asked_wrongly_is_said(busy):
    for what, query in (
        ("rows", {}),
        ("rows", {"figure": "open_now"}),
        ("rows", {"figure": "messages", "agent_id": 2**31}),
        ("rows", {"figure": "messages", "cursor": "WzEsMl0"}),
        ("agents", {"from": "1000-01-01"}),
        ("agents", {"cursor": "WzEwMDAwMDAwMDBd"}),
        ("trends", {"bucket": "minute"}),
        ("trends", {"bucket": "hour", "from": "2026-01-01", "to": "2026-10-01"}),
        ("export", {"format": "pdf"}),
    ):
        assert busy.api.get(f"/api/app/reports/{what}", query_string=query).status_code == 422, (what, query)


def test_handing_on_is_told_by_the_desk_itself(desk_of_days):
    """From one agent to another, and to another division: who had it is kept with the event."""
    desk, (agent, other), (billing, support) = desk_of_days, desk_of_days.agents, desk_of_days.divisions
    talk = factories.conversation(
        desk.organization_id, desk.device, assignee_id=agent.id, division_id=billing.id
    )
    url = f"/api/app/inbox/conversations/{talk.id}/transfer"
    assert desk.api.post(url, json={"agent_id": other.id}).status_code == 200
    assert desk.api.post(url, json={"division_id": support.id}).status_code == 200
    report = desk.api.get("/api/app/reports/agents").json
    assert {item["id"]: item["handed_on"] for item in report["items"]} == {
        agent.id: 1,
        other.id: 1,
        desk.manager.id: 0,
    }
    report = desk.api.get("/api/app/reports/divisions").json
    assert {item["id"]: item["handed_on"] for item in report["items"]} == {billing.id: 2, support.id: 0}


def test_reports_go_by_indexes(busy, context):
    """The facts of some days come in their order by an index, without sorting and without the other days."""
    values = {"organization_id": busy.organization_id, "since": BEGAN, "until": busy.at(60), "only": None}
    for source, index in (
        (facts.MESSAGES, "ix_messages_answers"),
        (facts.RESOLVED, "ix_conversations_resolved"),
        (facts.HANDED_ON, "ix_conversation_events_handed_on"),
        (facts.RATINGS, "ix_conversation_ratings_rated"),
        (facts.WAITS, "ix_chat_queues_entered"),
    ):
        with acting_as(busy.organization_id):
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):  # tempting with so few rows
                db.session.execute(text(f"set local enable_{way} = off"))
            asked = f"explain select * from ({source}) f order by f.at limit 5"
            plan = db.session.connection().exec_driver_sql(asked, values).scalars().all()
            db.session.rollback()
        assert any(index in line for line in plan), "\n".join(plan)
