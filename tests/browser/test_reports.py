"""Reports and the home page in a browser: numbers that open, an answer taught and taken back, phone, dark."""

import os
import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cloudchat.extensions import db, now
from cloudchat.models import ChatbotInteraction, Conversation, QueueEntry
from cloudchat.tenancy import acting_as
from tests import factories

SHOTS = os.environ.get("SHOTS")
OUTCOMES = ("answer", "answer", "answer", "suggest", "fallback", "escalate")
QUESTIONS = ("Bisa COD?", "Jam buka toko?", "Buka cabang di Medan?", "cabang medan ada kak", "Bisa cicilan?")


def shot(page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(400)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.fixture
def shop(cast, make):
    """Some days of work: a bot, two agents, a division with waits."""
    device = make.device(cast.organization_id, "webchat", config={}, secrets={})
    bot = make.bot(cast.organization_id, (device,), name="Bot Toko")
    pairs = [make.pair(bot, question).id for question in QUESTIONS[:2]]
    division = make.division(cast.organization_id, "Billing", agents=(cast.agent,))
    names = ("Budi Santoso", "Siti Aminah", "Agus Setiawan", "Maya Putri", "Joko Susilo")
    talks = []
    for number in range(10):
        agent = (cast.agent, cast.colleague)[number % 2]
        values = {"assignee_id": agent.id, "division_id": division.id if number % 3 else None}
        talk = make.conversation(cast.organization_id, device, name=names[number % 5], **values)
        make.message(talk, "Halo kak, pesanan saya sampai mana ya?")
        if number % 4:
            make.message(talk, "Kami cek dulu ya Kak", direction="out", sender_id=agent.id)
        talks.append(talk)
    with acting_as(cast.organization_id):
        for number in range(60):
            outcome = OUTCOMES[number % 6]
            db.session.add(
                ChatbotInteraction(
                    bot_id=bot.id,
                    conversation_id=talks[number % 10].id,
                    created_at=now() - timedelta(hours=5 * number),
                    question=QUESTIONS[2 + number % 3] if outcome == "fallback" else QUESTIONS[number % 2],
                    outcome=outcome,
                    matched_qa_id=pairs[number % 2] if outcome == "answer" else None,
                    was_escalated=outcome == "escalate",
                    confidence_score=(number * 7) % 100,
                    response_time_ms=5 + number,
                    user_rating=1 + number % 5 if number % 3 == 0 else None,
                )
            )
        for number, talk in enumerate(talks):
            row = db.session.get(Conversation, talk.id)
            if number % 4 == 1:
                row.status, row.resolved_at = "resolved", now()
            if number % 4 == 0:
                row.waiting_since = now() - timedelta(minutes=20 + number)
            if number % 3:
                entered = {"entered_at": now() - timedelta(minutes=9), "wait_seconds": 60 * number}
                db.session.add(
                    QueueEntry(
                        conversation_id=talk.id,
                        division_id=division.id,
                        status="assigned",
                        assigned_agent_id=row.assignee_id,
                        assigned_at=now(),
                        estimated_minutes=5,
                        **entered,
                    )
                )
        db.session.commit()
    return bot


def test_a_number_opens_its_list_and_an_answer_is_taught(shop, cast, sign_in, serious_findings):
    page = sign_in(cast.admin, "/app/reports")
    bar = page.locator('[data-chart="ratings"] .point').first
    bar.wait_for()
    shot(page, "bot")
    assert serious_findings(page) == []
    # The same number as a link of the table, and as a bar
    page.locator(".fig-help summary").first.click()
    expect(page.locator(".fig-help p").first).to_be_visible()
    page.locator('[data-chart="ratings"] .nsewdrag').click(position={"x": 30, "y": 150})
    page.wait_for_url(re.compile("rating=1"))
    expect(page.locator(".fig-list tbody tr")).to_have_count(4)
    shot(page, "turns")
    page.locator(".fig-list tbody a").first.click()
    page.wait_for_url(re.compile(r"/app/inbox/\d+"))
    page.goto("/app/reports")
    groups = page.locator("[data-unknown] li")
    before = groups.count()
    first = groups.filter(has_text="edan").first
    first.locator("summary").click()
    first.locator("[name=answer]").fill("Belum, Kak. Kami kirim ke Medan setiap hari.")
    first.locator("button[type=submit]").click()
    expect(groups).to_have_count(before - 1)
    shot(page, "solved")
    page.locator("#toast button").first.click()
    expect(groups).to_have_count(before)
    assert page.problems == []


def test_agents_divisions_and_home_for_every_role(shop, cast, sign_in, serious_findings):
    for person, path, name in (
        (cast.manager, "/app/reports/agents", "agents"),
        (cast.manager, "/app/reports/divisions", "divisions"),
        (cast.manager, "/app/reports/rows?figure=messages", "rows"),
        (cast.manager, "/app/dashboard", "home-manager"),
        (cast.agent, "/app/dashboard", "home-agent"),
        (cast.agent, "/app/reports/mine", "mine"),
    ):
        page = sign_in(person, path)
        shot(page, name)
        assert serious_findings(page) == [], name
        page.set_viewport_size({"width": 375, "height": 800})
        page.emulate_media(color_scheme="dark")
        shot(page, f"{name}-phone-dark")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, name
        assert page.problems == []
        page.context.close()
    if SHOTS:
        page = sign_in(cast.manager, "/app/reports", width=375, dark=True)
        shot(page, "bot-phone-dark")
        page = sign_in(cast.manager, "/app/reports/agents")
        page.emulate_media(media="print")
        shot(page, "agents-print")
        stranger = factories.person(cast.neighbour_id, "manager")
        for path, name in (
            ("/app/reports", "none"),
            ("/app/reports/agents", "agents-empty"),
            ("/app/dashboard", "home-empty"),
        ):
            shot(sign_in(stranger, path), name)
