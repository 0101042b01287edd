"""The page of the bots' report: what a manager sees, and who else does not."""

import pytest

from cloudchat.extensions import db
from cloudchat.models import ChatbotInteraction
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import As


@pytest.fixture
def bot(cast):
    return factories.bot(cast.organization_id)


def log(bot, **values) -> None:
    with acting_as(bot.organization_id):
        db.session.add(ChatbotInteraction(bot_id=bot.id, **values))
        db.session.commit()


def test_a_report_without_bots_or_turns_says_what_to_do(app, cast, as_person):
    manager = as_person(cast.manager)
    assert 'href="/app/chatbot"' in manager.get("/app/reports").text
    made = factories.bot(cast.organization_id)
    empty = manager.get("/app/reports")
    assert empty.status_code == 200 and f'href="/app/chatbot/{made.id}' in empty.text


def test_figures_charts_and_unknown_questions_stand_on_the_page(bot, cast, as_person):
    pair = factories.pair(bot)
    log(
        bot, question="Bisa COD?", answer="Bisa", outcome="answer", matched_qa_id=pair.id, confidence_score=91
    )
    log(bot, question="Buka cabang <b>Medan</b>?", outcome="fallback", confidence_score=12)
    page = as_person(cast.manager).get("/app/reports?from=2020-01-01&to=2099-01-01")
    assert page.status_code == 200
    assert "Buka cabang &lt;b&gt;Medan&lt;/b&gt;?" in page.text
    assert all(f'data-chart="{name}"' in page.text for name in ("trend", "heat", "scores", "ratings"))
    assert pair.question in page.text
    assert "unsafe-inline" in page.headers["Content-Security-Policy"].split("style-src")[1].split(";")[0]


def test_the_turns_say_where_nothing_was_said(bot, cast, as_person):
    log(bot, question="Jam buka?", outcome="suggest", reason="overtaken")
    page = as_person(cast.manager).get(f"/app/reports/bots/{bot.id}/turns?from=2020-01-01&to=2099-01-01")
    assert "Jam buka?" in page.text and "Terdahului, tidak ada yang dikatakan" in page.text


def test_agents_and_strangers_see_no_report(bot, cast, app):
    assert As(app, cast.agent).get("/app/reports").status_code == 403
    answer = As(app, cast.stranger).get(f"/app/reports?bot_id={bot.id}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query", ["bot_id=x", "bot_id=99999999999999999999", "from=gestern&to=2099-99-99", "from=1000-01-01"]
)
def test_odd_addresses_are_answered(bot, cast, as_person, query):
    assert as_person(cast.manager).get(f"/app/reports?{query}").status_code in (200, 404, 422)
