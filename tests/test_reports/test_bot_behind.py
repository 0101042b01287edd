"""What stands behind each figure of a bot: as many turns as it says; and questions that are taught since."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from html import unescape
from statistics import mean

import pytest

from cloudchat.errors import Forbidden
from cloudchat.extensions import db
from cloudchat.models import ChatbotInteraction
from cloudchat.services import accounts, bot_reports, bot_turn_export
from cloudchat.tenancy import acting_as
from tests import factories

BEGAN = datetime(2026, 10, 5, 3, tzinfo=UTC)
DAYS = {"from": "2026-10-05", "to": "2026-10-08"}
OUTCOMES = ("answer", "answer", "greeting", "suggest", "fallback", "escalate")
QUESTIONS = ("Ada warna merah?", "ada warna  merah", "Buka cabang Medan?", "<b>Bisa</b> refund?")


class Shop:
    def __init__(self, as_person):
        self.organization_id = factories.organization()
        self.manager = as_person(factories.person(self.organization_id, "manager"))
        self.admin = as_person(factories.person(self.organization_id, "admin"))
        device = factories.device(self.organization_id)
        talks = [factories.conversation(self.organization_id, device).id for _ in range(3)]
        self.bot = factories.bot(self.organization_id)
        pairs = [factories.pair(self.bot, f"Soal {n}").id for n in range(2)]
        self.url = f"/api/app/chatbot/bots/{self.bot.id}/reports"
        dice = random.Random(3)
        with acting_as(self.organization_id):
            for _ in range(80):
                outcome = dice.choice(OUTCOMES)
                db.session.add(
                    ChatbotInteraction(
                        bot_id=self.bot.id,
                        created_at=BEGAN + timedelta(minutes=dice.randrange(-4 * 1440, 4 * 1440 - 700)),
                        conversation_id=dice.choice([*talks, None]),
                        question=dice.choice(QUESTIONS),
                        outcome=outcome,
                        matched_qa_id=dice.choice(pairs) if outcome == "answer" else None,
                        was_escalated=outcome == "escalate",
                        reason=dice.choice(["misses", "word"]) if outcome == "escalate" else None,
                        confidence_score=dice.choice([None, 0, 9.99, 55, 100]),
                        response_time_ms=dice.choice([None, 5, 700]),
                        user_rating=dice.choice([None, 1, 5]),
                    )
                )
            db.session.commit()

    def asks(self, what: str, **query):
        answer = self.manager.get(f"{self.url}/{what}", query_string={**DAYS, **query})
        assert answer.status_code == 200, answer.text
        return answer.json

    def behind(self, figure: str, **query) -> list[dict]:
        """All turns (or conversations) behind a figure, page by page."""
        rows, cursor = [], ""
        while cursor is not None:
            found = self.asks("turns", figure=figure, limit=9, cursor=cursor, **query)
            rows, cursor = rows + found["items"], found["next_cursor"]
        counted = found["conversations"] if query.get("by") == "conversation" else found["total"]
        assert len(rows) == counted == len({row["id"] for row in rows})
        return rows


@pytest.fixture
def shop(context, as_person):
    return Shop(as_person)


def test_every_figure_opens_what_it_counts(shop):
    told = shop.asks("summary")
    for figure in (
        "total_interactions",
        "successful_interactions",
        "escalated_interactions",
        "ratings_count",
    ):
        assert len(shop.behind(figure)) == told[figure] > 0, figure
    assert len(shop.behind("conversations_handled", by="conversation")) == told["conversations_handled"] == 3
    total = told["total_interactions"]
    for rate in ("success_rate", "escalation_rate"):
        assert len(shop.behind(rate)) == pytest.approx(told[rate] * total)
    for figure, field in (
        ("avg_response_time_ms", "response_time_ms"),
        ("avg_confidence_score", "confidence_score"),
        ("avg_rating", "rating"),
    ):
        assert mean(row[field] for row in shop.behind(figure)) == pytest.approx(told[figure], abs=0.51)
    before = shop.asks("turns", **{"from": "2026-10-01", "to": "2026-10-04"})["total"]
    assert before == told["previous"]["total_interactions"] > 0
    for item in shop.asks("trends")["items"]:
        found = shop.asks("turns", figure="total_interactions", at=item["at"], bucket="day")
        assert found["total"] == item["total_interactions"]
    for item in shop.asks("questions")["items"]:
        assert len(shop.behind("questions", qa_id=item["qa_id"])) == item["count"]
    for item in shop.asks("unmatched")["items"]:
        assert len(shop.behind("unmatched", question=item["question"])) == item["count"]


def test_every_number_of_the_page_leads_to_as_many(shop):
    """Cards, charts, heat map and lists: each link's text is the count of the list that it opens."""
    page = shop.manager.get("/app/reports", query_string=DAYS)
    links = re.findall(r'<a href="(/app/reports/bots/[^"]+)"[^>]*>([\d.,]+)×?</a>', page.text)
    assert len(links) > 40
    checked: Counter = Counter()
    for link, number in links:
        href = unescape(link)
        figure = re.search(r"figure=(\w+)", href)[1]
        narrowed = sorted(set(re.findall(r"(tenth|rating|weekday|at|qa_id|question)=", href)))
        kind = (figure, *narrowed)
        if checked[kind] == 3:
            continue
        if number.endswith("%") or (figure.startswith(("avg", "p95")) and "tenth" not in href):
            continue
        opened = shop.manager.get(href)
        counts = re.search(r'fig-behind"><b>([\d.]+) .*?</b> \D*([\d.]+)', opened.text)
        assert counts[2 if "by=conversation" in href else 1] == number, href
        checked[kind] += 1
    kinds = {
        ("avg_confidence_score", "tenth"),
        ("ratings_count", "rating"),
        ("total_interactions", "weekday"),
        ("total_interactions", "at"),
        ("total_interactions",),
        ("questions", "qa_id"),
        ("unmatched", "question"),
    }
    assert kinds <= set(checked)
    assert "<b>Bisa</b>" not in page.text


def test_a_question_that_is_taught_is_solved_until_it_is_taken_back(shop):
    group = next(item for item in shop.asks("unmatched")["items"] if "merah" in item["question"].lower())
    body = {"solves": group["question"], "question": "Ada warna merah?", "answer": "Ada.", **DAYS}
    assert shop.manager.post(f"{shop.url}/unmatched", json=body).status_code == 403
    assert shop.admin.post(f"{shop.url}/unmatched", json={**body, "answer": " "}).status_code == 422
    assert shop.admin.post(f"{shop.url}/unmatched", json={**body, "solves": "?"}).status_code == 404
    made = shop.admin.post(f"{shop.url}/unmatched", json=body)
    assert made.status_code == 201 and made.json["solved"] == group["count"]
    assert shop.admin.post(f"{shop.url}/unmatched", json=body).status_code == 404
    assert "merah" not in str(shop.asks("unmatched")["items"]).lower()
    assert shop.asks("summary")["solved_questions"] == group["count"] == len(shop.behind("solved_questions"))
    shop.admin.delete(f"/api/app/chatbot/qa/{made.json['qa_id']}")
    assert group in shop.asks("unmatched")["items"] and shop.asks("summary")["solved_questions"] == 0


def test_what_is_asked_wrongly_is_said(shop):
    for query in (
        {"figure": "x"},
        {"rating": 0},
        {"rating": 6},
        {"tenth": 10},
        {"hour": "NaN"},
        {"qa_id": -1},
        {"at": "kemarin"},
        {"cursor": "WzEsMl0"},
        {"from": "0001-01-01"},
    ):
        assert shop.manager.get(f"{shop.url}/turns", query_string=query).status_code == 422, query
    odd = {"figure": "x", "rating": "9", "from": "x", "cursor": "x", "question": "x", "hour": "99"}
    assert shop.manager.get(f"/app/reports/bots/{shop.bot.id}/turns", query_string=odd).status_code == 200


def test_a_file_breaks_off_for_who_may_no_longer_read(shop, monkeypatch):
    """H43: each page of a file that is on its way asks anew; a token that is taken back ends it as well."""
    monkeypatch.setattr(bot_turn_export, "BATCH", 10)
    for end in (
        lambda reader: accounts.set_role(reader.user_id, "agent"),
        lambda reader: accounts.deactivate(reader.user_id),
        lambda reader: accounts.revoke_api_token(reader.token_id),
    ):
        person = factories.person(shop.organization_id, "manager")
        with acting_as(shop.organization_id):
            reader = accounts.identify_token(person.token)
            wanted = bot_reports.asked(reader, shop.bot.id, date(2026, 10, 1), date(2026, 10, 8))
        lines = bot_turn_export.rows(reader, wanted, {})
        assert len([next(lines) for _ in range(10)]) == 10
        with acting_as(shop.organization_id):
            end(reader)
            db.session.commit()
        with pytest.raises(Forbidden):
            next(lines)
