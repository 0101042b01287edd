"""Every figure of a bot's report, counted again from the raw rows."""

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import mean
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from cloudchat.extensions import db
from cloudchat.models import ChatbotAnalytics, ChatbotInteraction
from cloudchat.services import bot_analytics
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import As

# New York's clocks go back an hour on 2026-11-01; Kolkata's hours begin at the half
PLACES = {
    "Asia/Jakarta": datetime(2026, 11, 1, tzinfo=UTC),
    "America/New_York": datetime(2026, 11, 1, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 11, 1, tzinfo=UTC),
}
NOT_HELPED = ("greeting", "suggest", "fallback", "escalate")
TURN = st.fixed_dictionaries(
    {
        "minutes": st.integers(-2 * 1440, 3 * 1440),
        "outcome": st.sampled_from(["answer", "answer", *NOT_HELPED]),
        "question": st.sampled_from(["Ada warna merah?", "ada warna  merah", "Buka cabang Medan?", "🙏"]),
        "confidence_score": st.none() | st.sampled_from([0, 12.34, 55.5, 99.99, 100]),
        "response_time_ms": st.none() | st.integers(0, 9000),
        "user_rating": st.none() | st.integers(1, 5),
        "talk": st.none() | st.integers(0, 1),
    }
)


class Shop:
    """An organization in some zone with a bot, its conversations, and its manager's program."""

    def __init__(self, zone: str, as_person):
        self.zone, self.middle = ZoneInfo(zone), PLACES[zone]
        self.organization_id = factories.organization(timezone=zone)
        self.person = factories.person(self.organization_id, "manager")
        self.api = as_person(self.person)
        device = factories.device(self.organization_id)
        self.talks = [factories.conversation(self.organization_id, device).id for _ in range(2)]
        self.bot = factories.bot(self.organization_id)
        self.pair = factories.pair(self.bot)
        self.url = f"/api/app/chatbot/bots/{self.bot.id}/reports"

    def log(self, turns: list[dict]) -> None:
        with acting_as(self.organization_id):
            for turn in turns:
                values = dict(turn)
                at = self.middle + timedelta(minutes=values.pop("minutes"))
                talk = values.pop("talk", None)
                outcome = values.get("outcome", "answer")
                db.session.add(
                    ChatbotInteraction(
                        bot_id=self.bot.id,
                        created_at=at,
                        conversation_id=None if talk is None else self.talks[talk],
                        matched_qa_id=self.pair.id if outcome == "answer" else None,
                        was_escalated=outcome == "escalate",
                        reason="misses" if outcome == "escalate" else None,
                        **values,
                    )
                )
            db.session.commit()

    def forget(self) -> None:
        with acting_as(self.organization_id):
            db.session.execute(delete(ChatbotInteraction))
            db.session.commit()

    def turns(self, first: date, last: date) -> list[ChatbotInteraction]:
        with acting_as(self.organization_id):
            rows = db.session.scalars(select(ChatbotInteraction).order_by(ChatbotInteraction.id)).all()
            return [row for row in rows if first <= row.created_at.astimezone(self.zone).date() <= last]

    def asks(self, what: str, first: date, last: date, **query):
        answer = self.api.get(f"{self.url}/{what}", query_string={"from": first, "to": last, **query})
        assert answer.status_code == 200, answer.text
        return answer.json

    def sums(self) -> dict:
        with acting_as(self.organization_id):
            return {
                (row.date, row.hour): (
                    row.total_interactions,
                    row.successful_interactions,
                    row.escalated_interactions,
                    row.avg_response_time_ms,
                    row.avg_confidence_score,
                    row.avg_rating,
                )
                for row in db.session.scalars(select(ChatbotAnalytics))
            }


@pytest.fixture(scope="module", params=PLACES)
def shop(request, app):
    with app.app_context():
        return Shop(request.param, lambda person: As(app, person))


def average(values, digits: str) -> Decimal | None:
    values = [Decimal(str(value)) for value in values if value is not None]
    return (sum(values) / len(values)).quantize(Decimal(digits), ROUND_HALF_UP) if values else None


def helped(row) -> bool:
    return row.outcome not in NOT_HELPED and not row.was_escalated


def recount(rows) -> tuple:
    time = average([row.response_time_ms for row in rows], "1")
    return (
        len(rows),
        sum(map(helped, rows)),
        sum(row.was_escalated for row in rows),
        None if time is None else int(time),
        average([row.confidence_score for row in rows], "0.01"),
        average([row.user_rating for row in rows], "0.01"),
    )


def check_summary(told: dict, rows) -> None:
    total, successful, escalated, time, score, rating = recount(rows)
    times = [row.response_time_ms for row in rows if row.response_time_ms is not None]
    assert told["total_interactions"] == total
    assert told["successful_interactions"] == successful
    assert told["escalated_interactions"] == escalated
    assert told["success_rate"] == (successful / total if total else None)
    assert told["escalation_rate"] == (escalated / total if total else None)
    assert told["conversations_handled"] == len({row.conversation_id for row in rows} - {None})
    assert told["avg_response_time_ms"] == time
    assert (told["p95_response_time_ms"] is None) == (not times)
    assert not times or abs(told["p95_response_time_ms"] - np.percentile(times, 95)) <= 0.5001
    assert told["avg_confidence_score"] == (None if score is None else float(score))
    assert told["avg_rating"] == (None if rating is None else float(rating))
    assert told["ratings_count"] == sum(row.user_rating is not None for row in rows)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(TURN, max_size=25), late=st.lists(TURN, max_size=5))
def test_every_figure_equals_a_recount(shop, context, first, late):
    """The sums as well, also with rows and ratings that come after the first run, and run twice."""
    shop.forget()
    for turns in (first, late):
        shop.log(turns)
        with acting_as(shop.organization_id):
            bot_analytics.aggregate_all()
    with acting_as(shop.organization_id):
        if late:
            db.session.execute(update(ChatbotInteraction).values(user_rating=4))
            db.session.commit()
        bot_analytics.aggregate_all()
    middle = shop.middle.date()
    start, end = middle - timedelta(days=1), middle + timedelta(days=2)
    rows, everything = shop.turns(start, end), shop.turns(date.min, date.max)

    expected: dict = {}
    for row in everything:
        local = row.created_at.astimezone(shop.zone)
        for key in ((local.date(), local.hour), (local.date(), None)):
            expected.setdefault(key, []).append(row)
    assert shop.sums() == {key: recount(group) for key, group in expected.items()}

    told = shop.asks("summary", start, end)
    check_summary(told, rows)
    check_summary(told["previous"], shop.turns(start - timedelta(days=4), start - timedelta(days=1)))
    for bucket in ("hour", "day", "week"):
        check_trends(shop, shop.asks("trends", start, end, bucket=bucket)["items"], bucket, rows)
    answered = [row for row in rows if row.matched_qa_id]
    score = average([row.confidence_score for row in answered], "0.01")
    assert shop.asks("questions", start, end)["items"] == (
        [
            {
                "qa_id": shop.pair.id,
                "count": len(answered),
                "avg_confidence_score": None if score is None else float(score),
                "question": shop.pair.question,
            }
        ]
        if answered
        else []
    )
    missed = [row for row in rows if row.outcome in ("fallback", "escalate")]
    found = shop.asks("unmatched", start, end)["items"]
    alike = Counter(" ".join(row.question.lower().replace("?", "").split()) for row in missed)
    assert sorted(item["count"] for item in found) == sorted(alike.values())


def check_trends(shop, items: list[dict], bucket: str, rows) -> None:
    """Buckets follow each other without a gap; each has what falls between its moment and the next."""
    begins = [datetime.fromisoformat(item["at"]) for item in items]
    assert begins == sorted(set(begins))
    bounds = [*begins[1:], datetime.max.replace(tzinfo=UTC)]
    for item, begin, finish in zip(items, begins, bounds, strict=True):
        local = begin.astimezone(shop.zone)
        assert bucket == "hour" or (local.hour, local.minute) == (0, 0)
        within = [row for row in rows if begin <= row.created_at < finish]
        times = [row.response_time_ms for row in within if row.response_time_ms is not None]
        assert item["total_interactions"] == len(within)
        assert item["successful_interactions"] == sum(map(helped, within))
        assert item["escalated_interactions"] == sum(row.was_escalated for row in within)
        assert (item["avg_response_time_ms"] is None) == (not times)
        assert not times or abs(item["avg_response_time_ms"] - mean(times)) <= 0.5
    assert sum(item["total_interactions"] for item in items) == len(rows)


HOSTILE = ('=HYPERLINK("http://x")', "+62", "-2+3", "@SUM(1)", "\t=1", "a\x07b" + "x" * 40_000)


@pytest.fixture
def jakarta(context, as_person):
    made = Shop("Asia/Jakarta", as_person)
    made.log([{"minutes": n, "question": text, "answer": text} for n, text in enumerate(HOSTILE)])
    made.log([{"minutes": 9, "question": "Bisa?", "response_time_ms": 12, "user_rating": 5, "talk": 0}])
    return made


def test_a_file_opens_safely_and_holds_every_turn(jakarta):
    url = f"{jakarta.url}/export?from=2026-11-01&to=2026-11-01&format="
    sheet = openpyxl.load_workbook(io.BytesIO(jakarta.api.get(f"{url}xlsx").data)).active
    rows = list(sheet.iter_rows(min_row=2))
    assert len(rows) == len(HOSTILE) + 1
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert rows[0][0].value == "2026-11-01 07:00:00"
    assert (rows[-1][7].value, rows[-1][10].value) == (12, 5)
    answer = jakarta.api.get(f"{url}csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(lines) == len(HOSTILE) + 2
    assert all(line[2].startswith("'") for line in lines[1:6])


def test_what_is_asked_wrongly_is_said_by_field(jakarta):
    for what, query, field in (
        ("summary", {"from": "2026-13-01"}, "from"),
        ("summary", {"from": "1026-01-01", "to": "2026-01-01"}, "from"),
        ("summary", {"from": "2026-02-01", "to": "2026-01-01"}, "from"),
        ("trends", {"bucket": "minute"}, "bucket"),
        ("trends", {"bucket": "hour", "from": "2026-01-01", "to": "2026-11-01"}, "from"),
        ("questions", {"cursor": "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTk5XQ"}, "cursor"),
        ("unmatched", {"limit": 101}, "limit"),
        ("export", {"format": "pdf"}, "format"),
    ):
        answer = jakarta.api.get(f"{jakarta.url}/{what}", query_string=query)
        assert answer.status_code == 422 and field in answer.json["error"]["fields"], (what, query)
    agent = factories.person(jakarta.organization_id, "agent")
    assert jakarta.api.get(f"{jakarta.url}/summary", headers=agent.headers).status_code == 403


def test_questions_asked_alike_stand_together_page_by_page(jakarta):
    texts = ["Ada warna merah?", "warna merah ada kak", "Buka cabang di Medan?"]
    jakarta.log([{"minutes": n, "question": t, "outcome": "fallback"} for n, t in enumerate(texts)])
    query = {"from": "2026-11-01", "to": "2026-11-01", "limit": 1}
    first = jakarta.api.get(f"{jakarta.url}/unmatched", query_string=query).json
    assert first["items"][0]["count"] == 2 and set(first["items"][0]["examples"]) == set(texts[:2])
    query["cursor"] = first["next_cursor"]
    rest = jakarta.api.get(f"{jakarta.url}/unmatched", query_string=query).json
    assert [item["question"] for item in rest["items"]] == texts[2:] and rest["next_cursor"] is None


def test_the_command_counts_days_anew(app, jakarta):
    result = app.test_cli_runner().invoke(
        args=[
            "bot",
            "aggregate",
            "--from",
            "2026-11-01",
            "--to",
            "2026-11-20",
            "--org",
            str(jakarta.organization_id),
        ]
    )
    assert result.exit_code == 0, result.output
    assert '{"organizations": 1, "days": 20}' in result.output
    assert jakarta.sums()[date(2026, 11, 1), None][0] == len(HOSTILE) + 1
