"""P14: a question to a bot of 2,000 pairs, decided as in life; its index is built once per version."""

import time

from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import bot_decisions, bot_settings
from cloudchat.services.matching import evaluation
from cloudchat.tenancy import acting_as
from tests.bench.progress import say
from tests.bench.report import Figure, at
from tests.bench.seed import Place
from tests.bench.stack import Stack

PAIRS = 2000
BAR = 20.0  # milliseconds, p95


def p14(stack: Stack, shop: Place, quick: bool) -> Figure:
    """Milliseconds per question: the bot's row is read each time, its pairs never again."""
    questions = 200 if quick else 1000
    runs, first = [], 0.0
    with stack.app.app_context(), acting_as(shop.organization_id):
        bot_id = _bot(shop.organization_id)
        for _ in range(1 if quick else 3):
            taken = _ask(bot_id, questions)
            first = first or taken[0]
            runs.append(at(taken[1:], 95))
    say(f"P14: p95 {[round(run, 1) for run in runs]} ms; index built in {first:.0f} ms")
    return Figure(
        "P14",
        f"matching a question, {PAIRS:,} pairs of one bot, p95",
        "ms",
        runs,
        f"<= {BAR:.0f}, the pairs are not read again",
        sorted(runs)[len(runs) // 2] <= BAR,
        details={"questions": questions, "first_question_ms": round(first, 1), **evaluation.cost(PAIRS)},
    )


def _bot(organization_id: int) -> int:
    bot = bot_settings.create({"name": "P14"})
    db.session.add_all(
        ChatbotQa(
            organization_id=organization_id,
            bot_id=bot.id,
            question=pair.texts[0],
            alternatives=list(pair.texts[1:]),
            answer=pair.answer,
        )
        for pair in evaluation.made_up(PAIRS)
    )
    db.session.commit()
    return bot.id


def _ask(bot_id: int, count: int) -> list[float]:
    texts = [pair.texts[0] for pair in evaluation.made_up(PAIRS)]
    taken = []
    for number in range(count):
        began = time.perf_counter()
        bot = db.session.get(Chatbot, bot_id, populate_existing=True)
        text = texts[number * 7 % PAIRS]
        if number % 2:  # in words that no pair has
            text = f"barangnya keburu ga buat kondangan minggu depan {number}"
        bot_decisions.decide(bot, f"kak mau tnya {text} bisa ga ya")
        taken.append((time.perf_counter() - began) * 1000)
        db.session.rollback()
    return taken
