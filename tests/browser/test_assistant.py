"""The language model's settings, a draft in the composer, and the try-it box, in a browser."""

import os
from pathlib import Path

from cloudchat.services import bot_settings
from cloudchat.services.assistant import accounts
from cloudchat.simulators.language_model import Fault
from cloudchat.tenancy import acting_as
from tests.browser.axe import serious

SHOTS = os.environ.get("ASSISTANT_SHOTS")
TEXT = "[data-composer] textarea[data-text]"


def shot(page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def as_dark_phone(page) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.emulate_media(color_scheme="dark")


def test_from_no_key_to_a_model_that_works(sign_in, cast, model):
    page = sign_in(cast.admin, "/app/settings/assistant")
    assert page.locator("[data-status]").inner_text().strip() == "Belum ada key"
    assert serious(page) == []
    shot(page, "empty")
    page.fill('[name="address"]', "http://10.0.0.1/v1")
    page.fill('[name="api_key"]', "salah-kunci-123")
    page.check('[name="chooses"]')
    page.click('[data-assistant-form] button[type="submit"]')
    page.locator(".invalid-feedback", has_text="https://").wait_for()
    shot(page, "error")
    page.fill('[name="address"]', model.address)
    page.fill('[name="api_key"]', "salah-kunci-123")
    page.click('[data-assistant-form] button[type="submit"]')
    page.locator('[data-status="refused"]', has_text="Key ditolak").wait_for()
    assert serious(page) == []
    shot(page, "refused")
    page.fill('[name="api_key"]', "kunci-yang-benar-9876")
    page.check('[name="drafts"]')
    page.click('[data-assistant-form] button[type="submit"]')
    page.locator('[data-status="ok"]', has_text="Berfungsi").wait_for()
    assert page.is_checked('[name="chooses"]') and page.is_checked('[name="drafts"]')
    assert "9876" in page.content() and "kunci-yang-benar" not in page.content()
    page.locator("[data-verify]").scroll_into_view_if_needed()
    shot(page, "works")
    as_dark_phone(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert serious(page) == []
    shot(page, "phone-dark")
    page.click("[data-key-remove]")
    page.click("dialog[open] .btn-danger")
    page.locator("[data-status]", has_text="Belum ada key").wait_for()
    assert not page.is_checked('[name="chooses"]')
    assert page.problems == []


def test_a_draft_is_put_behind_what_is_written(sign_in, cast, make, model, eventually):
    device = make.device(cast.organization_id, "webchat", config={}, secrets={})
    bot = make.bot(cast.organization_id, (device,))
    make.pair(bot, "Jam buka toko?", "Setiap hari 08.00 sampai 17.00.")
    with acting_as(cast.organization_id):
        accounts.save({"address": model.address, "api_key": "kunci-model-9876", "chooses": True})
        bot_settings.change(bot.id, {"answer_threshold": 100, "suggest_threshold": 0})
    talk = make.conversation(cast.organization_id, device, assignee_id=cast.admin.id)
    make.message(talk, text="Kak, jam buka dong")
    page = sign_in(cast.admin, f"/app/inbox/{talk.id}")
    page.locator(TEXT).wait_for()
    assert page.locator("[data-draft-reply]").count() == 0
    with acting_as(cast.organization_id):
        accounts.save({"drafts": True})
    page.reload()
    page.fill(TEXT, "Halo Kak Budi,")
    button = page.locator("[data-draft-reply]")
    model.faults = [Fault("hold")]
    button.focus()
    page.keyboard.press("Enter")
    page.locator("[data-drafting]", has_text="Menyusun draf").wait_for()
    assert button.is_disabled()
    eventually(lambda: model.calls, 20, "the model was not asked")
    model.release()
    page.locator("[data-drafting]", has_text="Baca dulu").wait_for()
    draft = "Setiap hari 08.00 sampai 17.00."
    assert page.input_value(TEXT) == f"Halo Kak Budi,\n\n{draft}"
    assert serious(page) == []
    shot(page, "draft")
    page.keyboard.press("Control+z")
    assert page.input_value(TEXT) == "Halo Kak Budi,"
    model.faults = [Fault("status", status=503)]
    button.click()
    page.locator(".toast", has_text="sedang tidak menjawab").wait_for()
    assert page.input_value(TEXT) == "Halo Kak Budi," and button.is_enabled()
    shot(page, "draft-error")

    def arrives_at_a_note(written: str, told: str) -> None:
        model.faults, calls = [Fault("hold")], len(model.calls)
        page.fill(TEXT, "")
        button.click()
        eventually(lambda: len(model.calls) > calls, 20, "the model was not asked")
        page.click('.segmented [data-mode="note"]')
        page.fill(TEXT, written)
        model.release()
        page.locator("[data-drafting]", has_text=told).wait_for()

    arrives_at_a_note("", "Baca dulu")
    assert page.get_attribute("[data-composer]", "data-mode") == "reply" and page.input_value(TEXT) == draft
    # A note that is being written never goes to the customer with it
    arrives_at_a_note("Hanya untuk tim", "beralih ke Balas")
    assert page.input_value(TEXT) == "Hanya untuk tim"
    page.press(TEXT, "Enter")
    page.locator("[data-days] .note", has_text="Hanya untuk tim").wait_for()
    shot(page, "draft-note")
    page.click('.segmented [data-mode="reply"]')
    page.locator("[data-drafting]", has_text="Baca dulu").wait_for()
    assert page.input_value(TEXT) == draft
    as_dark_phone(page)
    page.reload()
    button.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    shot(page, "draft-phone")
    assert page.problems == []

    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto(f"/app/chatbot/{bot.id}")
    page.fill("#try-text", "jam buka dong")
    page.click(".try-box button[type=submit]")
    page.get_by_role("button", name="Tanya model bahasa").click()
    page.locator("#tried", has_text="Dipilih oleh model").wait_for()
    assert "08.00" in page.locator("#tried").inner_text()
    assert serious(page) == []
    shot(page, "trial")
