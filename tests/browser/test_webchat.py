"""The hosted chat page in a real browser, with an agent who answers through the API."""

import pytest
import socketio
from sqlalchemy import update

from cloudchat.extensions import db, now
from cloudchat.jobs import enqueue, ratings
from cloudchat.models import ConversationRating
from cloudchat.tenancy import acting_as
from tests.browser.webchat_tools import BUTTONS, UNKNOWN, Shop, bubbles, write


def test_a_visitor_writes_and_an_agent_answers(visit, shop):
    page = visit(shop)
    assert page.title() == "Toko Kopi"
    page.get_by_text("Halo! Ada yang bisa kami bantu?").wait_for()
    write(page, "Apakah kopinya <b>masih</b> ada? https://toko.example/kopi.")
    page.locator(".tick-sent").wait_for()
    assert page.locator(".bubble b").count() == 0
    assert page.locator(".bubble a").get_attribute("href") == "https://toko.example/kopi"
    assert page.locator(".day").count() == 1
    shop.act("assign", {"agent_id": shop.cast.agent.id})
    page.locator(".notice", has_text=shop.cast.agent.name).wait_for()
    page.locator("#state", has_text=shop.cast.agent.name).wait_for()
    shop.act("read", {})
    page.locator(".tick-read").wait_for()
    shop.reply("Masih ada, Kak.")
    page.locator(".theirs", has_text="Masih ada, Kak.").wait_for()
    shop.act("status", {"status": "resolved"})
    page.locator(".notice").nth(1).wait_for()
    write(page, "Satu lagi")
    page.locator(".own", has_text="Satu lagi").locator(".tick-sent").wait_for()
    assert len(shop.rows()) == 2
    page.reload()
    page.locator(".own", has_text="Satu lagi").wait_for()
    assert len(bubbles(page)) == 3


def test_the_desk_sees_that_the_answer_was_read(visit, shop, eventually):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    sent = shop.reply("Halo Kak")
    path = f"/api/app/inbox/conversations/{shop.rows()[0]['id']}/messages"

    def status():
        return next(item["status"] for item in shop.api.get(path).json()["items"] if item["id"] == sent["id"])

    eventually(lambda: status() == "read")


def test_a_tapped_button_answers_once_and_stays_tapped(visit, shop):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    shop.reply("Pilih pengiriman", buttons=BUTTONS)
    page.get_by_role("button", name="Kilat").click()
    page.locator(".own", has_text="Kilat").locator(".tick-sent").wait_for()
    for title in ("Reguler", "Kilat"):
        assert page.get_by_role("button", name=title).is_disabled()
    assert shop.heard() == ["Halo", "Kilat"]
    page.reload()
    chosen = page.get_by_role("button", name="Kilat")
    chosen.wait_for()
    assert chosen.is_disabled() and chosen.get_attribute("aria-pressed") == "true"


def test_an_agent_is_rated_in_the_chat(visit, shop, sign_in):
    """Switched on by an admin; asked by the worker, tapped, thanked for, and nobody's work again."""
    settings = sign_in(shop.cast.admin, "/app/settings/ratings")
    settings.get_by_label("Minta penilaian").check()
    settings.get_by_label("Pertanyaan").fill("Puas dengan kami, Kak?")
    settings.get_by_role("button", name="Simpan").click()
    settings.get_by_text("Berhasil disimpan.").wait_for()
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    row = shop.rows()[0]
    shop.act("assign", {"agent_id": shop.cast.agent.id})
    shop.act("status", {"status": "resolved"})
    with acting_as(shop.cast.organization_id):
        db.session.execute(update(ConversationRating).values(due_at=now()))
        db.session.commit()
    enqueue(ratings.ask, shop.cast.organization_id)
    page.get_by_role("button", name="4", exact=True).click()
    page.locator(".theirs", has_text="Terima kasih atas penilaian Anda.").wait_for()
    after = shop.api.get(f"/api/app/inbox/conversations/{row['id']}").json()
    assert (after["status"], after["unread_count"], len(shop.rows())) == ("resolved", 0, 1)
    assert settings.problems == []


def test_typing_is_told_both_ways(visit, shop, desk, eventually):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    row, heard = shop.rows()[0], []
    agent = socketio.Client(reconnection=False)
    agent.on("typing", lambda data: heard.append(data["typing"]))
    agent.connect(desk, auth={"token": shop.cast.agent.token}, transports=["websocket"])
    try:
        eventually(lambda: "connected" if page.locator("#state").text_content() else "")
        page.locator("#text").press_sequentially("sebentar", delay=30)
        eventually(lambda: heard[:1] == [True])
        page.click("#send")
        eventually(lambda: heard[-1] is False)
        assert len(heard) <= 3, "typing hints are throttled"
        agent.emit("typing", {"conversationId": row["id"], "typing": True})
        page.locator("#typing").wait_for()
        shop.reply("ini jawabannya")
        page.locator("#typing").wait_for(state="hidden")
    finally:
        agent.eio.disconnect(abort=True)


def test_a_hidden_page_counts_in_its_title(visit, shop, eventually):
    page = visit(shop)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", {get: () => window.away, configurable: true});
            window.away = true;
        }"""
    )
    shop.reply("satu")
    shop.reply("dua")
    eventually(lambda: page.title() == "(2) Toko Kopi")
    page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")
    eventually(lambda: page.title() == "Toko Kopi")


def test_reading_further_up_is_not_disturbed(visit, shop):
    page = visit(shop, width=375, height=600)
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    shop.fill(30)
    page.reload()
    page.locator(".theirs", has_text="baris 29").wait_for()
    page.evaluate("document.getElementById('scroll').scrollTop = 100")
    page.wait_for_timeout(100)
    shop.reply("di bawah")
    page.locator("#pill").wait_for()
    assert page.evaluate("document.getElementById('scroll').scrollTop") == 100
    page.click("#pill")
    page.locator("#pill").wait_for(state="hidden")


def test_older_messages_load_above(visit, shop):
    page = visit(shop)
    write(page, "paling awal")
    page.locator(".tick-sent").wait_for()
    shop.fill(60)
    page.reload()
    page.locator(".theirs", has_text="baris 59").wait_for()
    assert page.locator(".message").count() == 50
    page.click("#older")
    page.locator(".own", has_text="paling awal").wait_for()
    assert page.locator(".message").count() == 61 and page.locator("#older").is_hidden()


def test_the_name_is_asked_for_once(visit, desk, cast):
    shop = Shop(desk, cast, ask_name=True)
    page = visit(shop)
    page.fill("#name", "Ani Wijaya")
    write(page, "Halo")
    page.locator(".tick-sent").wait_for()
    assert page.locator("#ask").is_hidden()
    assert shop.rows()[0]["contact"]["name"] == "Ani Wijaya"


def test_keys_send_and_break_lines(visit, shop):
    page = visit(shop)
    page.locator("#text").press_sequentially("satu")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("dua")
    page.keyboard.press("Enter")
    page.locator(".tick-sent").wait_for()
    assert shop.heard() == ["satu\ndua"]
    page.fill("#text", "x" * 4100)
    assert page.locator("#send").is_disabled() and page.locator("#problem").is_visible()


@pytest.mark.parametrize("color", ["#0f766e", "#ffee00", "#808080", "#000000", "#ffffff"])
def test_nothing_serious_for_screen_readers_in_any_colour(visit, desk, cast, color, serious_findings):
    shop = Shop(desk, cast, color=color, ask_name=True)
    for dark in (False, True):
        page = visit(shop, width=375, height=740, dark=dark)
        assert serious_findings(page) == []
        write(page, "Halo, lihat https://toko.example")
        page.locator(".tick-sent").wait_for()
        shop.act("assign", {"agent_id": shop.cast.agent.id})
        shop.reply("Pilih", buttons=BUTTONS)
        page.get_by_role("button", name="Kilat").click()
        page.set_input_files("#picker", [{"name": "a.zip", "mimeType": "application/zip", "buffer": UNKNOWN}])
        page.click("#send")
        page.locator(".failed .reason").wait_for()
        assert serious_findings(page) == []
