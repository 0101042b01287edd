"""The bots' pages in a browser: questions edited in place, trying out, the week by mouse and by keys."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cloudchat.services import bot_hours, bot_pairs
from cloudchat.tenancy import acting_as
from tests import factories

SHOTS = os.environ.get("CHATBOT_SHOTS")


def shot(page, name: str) -> None:
    """A picture to look at while the pages are worked on."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def bot(cast):
    device = factories.device(cast.organization_id, "webchat", name="Web Toko", config={})
    row = factories.bot(cast.organization_id, (device,), name="Bot Toko", outside_hours_message="Kami tutup.")
    factories.pair(row, "Apakah bisa COD?", "COD untuk Jawa dan Bali.", alternatives=["Bayar di tempat"])
    factories.pair(row, "Jam buka toko?", "Setiap hari 08.00 sampai 17.00.")
    factories.pair(row, '<b onclick="x">Halal?</b>', "Semua halal.\nBersertifikat.")
    return row


def test_from_no_bot_to_its_first_question(cast, sign_in, serious_findings):
    page = sign_in(cast.admin, "/app/chatbot")
    shot(page, "index-empty")
    page.locator(".empty button").click()
    page.fill("#new-bot [name=name]", "Bot Baru")
    page.locator("#new-bot button[type=submit]").click()
    page.wait_for_url(re.compile(r"/app/chatbot/\d+$"))
    shot(page, "pairs-empty")
    page.locator(".empty button").click()
    page.fill("#new-pair [name=question]", "Bisa COD?")
    page.locator("#new-pair button[type=submit]").click()
    expect(page.locator("#new-pair [name=answer]")).to_be_focused()
    page.fill("#new-pair [name=answer]", "Bisa.")
    page.locator("#new-pair button[type=submit]").click()
    expect(page.locator(".pair-table tbody tr")).to_have_count(1)
    assert serious_findings(page) == []
    assert page.problems == []


def test_questions_are_edited_in_place_and_tried_out(bot, cast, sign_in, serious_findings):
    page = sign_in(cast.admin, f"/app/chatbot/{bot.id}")
    rows = page.locator(".pair-table tbody tr")
    rows.nth(0).locator(".pair-actions button").nth(0).click()
    page.fill(".is-edited [name=answer]", "Seluruh Indonesia.")
    shot(page, "pairs-edit")
    page.locator(".is-edited button[type=submit]").click()
    expect(rows.nth(0)).to_contain_text("Seluruh Indonesia.")
    rows.nth(1).locator("[role=switch]").uncheck()
    expect(page.locator("tr.is-off")).to_have_count(1)
    page.fill("#try-text", "cod bs ga kak")
    page.locator(".try-box button[type=submit]").click()
    expect(page.locator("#tried .try-list li").nth(0)).to_contain_text("Apakah bisa COD?")
    shot(page, "pairs")
    assert serious_findings(page) == []
    page.fill("#pair-q", "halal")
    expect(rows).to_have_count(1)
    rows.nth(0).locator(".pair-actions button").nth(1).click()
    page.locator("dialog[open] .btn-danger").click()
    expect(rows).to_have_count(0)
    assert page.problems == []


def test_the_week_by_mouse_form_and_keys(bot, cast, sign_in, serious_findings):
    page = sign_in(cast.admin, f"/app/chatbot/{bot.id}/hours")
    monday = page.locator('tr[data-day="1"] td')
    monday.nth(16).hover()
    page.mouse.down()
    monday.nth(33).hover()
    page.mouse.up()
    row = page.locator('[data-day-row="1"]')
    expect(row.locator("[data-time=start]")).to_have_value("08:00")
    expect(row.locator("[data-time=end]")).to_have_value("17:00")
    row.locator("[data-day-copy]").click()
    expect(page.locator('td[aria-selected="true"]')).to_have_count(7 * 18)
    sunday = page.locator('tr[data-day="0"] td')
    sunday.nth(33).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator('[data-day-row="0"] [data-time=end]')).to_have_value("18:00")
    page.locator('[data-day-row="6"] [data-time=start]').fill("22:00")
    page.locator('[data-day-row="6"] [data-time=end]').fill("06:00")
    expect(sunday.nth(0)).to_have_attribute("aria-selected", "true")
    page.locator("[data-hours-enabled]").check()
    page.locator("[data-hours-save]").click()
    expect(page.locator("[data-hours-state]")).not_to_be_empty()
    shot(page, "hours")
    assert serious_findings(page) == []
    with acting_as(bot.organization_id):
        kept = {
            row.day_of_week: (bot_hours.show_time(row.start_time), bot_hours.show_time(row.end_time))
            for row in bot_hours.windows(bot.id)
        }
    assert kept[0] == ("08:00", "18:00") and kept[1] == ("08:00", "17:00") and kept[6] == ("22:00", "06:00")
    page.fill("#at-moment", "2026-11-29T03:00")
    page.locator("#at-moment").press("Enter")
    expect(page.locator("#at .badge-green")).to_be_visible()
    page.locator("summary").click()
    page.locator("[data-holiday]").nth(0).click()
    expect(page.locator("[data-exception]")).to_have_count(1)
    assert page.problems == []


def test_on_a_phone_and_in_the_dark(bot, cast, sign_in, serious_findings):
    with acting_as(bot.organization_id):
        bot_hours.add(bot.id, {"day_of_week": 1, "start_time": "08:00", "end_time": "17:00"})
    for place in ("", f"/{bot.id}", f"/{bot.id}/hours", f"/{bot.id}/settings", f"/{bot.id}/import"):
        name = place.strip("/").partition("/")[2] or ("pairs" if place else "index")
        page = sign_in(cast.admin, f"/app/chatbot{place}", width=375, dark=True)
        shot(page, f"phone-{name}")
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, place
        page.context.close()
        if SHOTS:
            wide = sign_in(cast.admin, f"/app/chatbot{place}")
            shot(wide, f"wide-{name}")
            wide.context.close()


def test_a_file_is_checked_before_it_is_imported(bot, cast, sign_in):
    page = sign_in(cast.admin, f"/app/chatbot/{bot.id}/import")
    sheet = (
        "Pertanyaan;Alternatif;Jawaban\nBisa refund?;uang kembali|retur;Bisa.\nJam buka toko?;;Jam 9.\n;;x\n"
    )
    file = {"name": "soal.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    page.locator("#f-file").set_input_files(file)
    page.locator("#import-form button[type=submit]").click()
    page.locator("#preview .badge-amber").wait_for()
    shot(page, "import-preview")
    page.locator("#preview button").click()
    page.wait_for_url(re.compile(rf"/app/chatbot/{bot.id}$"))
    with acting_as(bot.organization_id):
        kept = {pair.question: (pair.alternatives, pair.answer) for pair in bot_pairs.page(bot.id)}
    assert kept["Bisa refund?"][0] == ["uang kembali", "retur"]
    assert kept["Jam buka toko?"][1] == "Jam 9."
    assert page.problems == []
