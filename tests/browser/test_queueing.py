"""The division queue on the pages: choosing, waiting, being taken; divisions and settings; the wall."""

import re

import pytest
from playwright.sync_api import expect

from cloudchat.services.queueing import settings
from cloudchat.tenancy import acting_as
from tests.browser.webchat_tools import bubbles, write


@pytest.fixture
def divisions(cast, make):
    """Billing and Support, served by the agent; the queue is on."""
    made = [make.division(cast.organization_id, name, (cast.agent,)) for name in ("Billing", "Support")]
    with acting_as(cast.organization_id):
        settings.save({"is_enabled": True})
    return made


def set_availability(page, status):
    page.locator("[data-availability]").click()
    page.locator(f"[data-availability-set={status}]").click()


def test_choosing_waiting_and_being_taken(sign_in, cast, divisions, shop, visit, new_customer):
    agent = sign_in(cast.agent)
    set_availability(agent, "busy")
    expect(agent.locator("[data-queue-division]")).to_have_count(2)
    # By button on the web chat, and by number over its API
    page = visit(shop)
    write(page, "Halo")
    page.get_by_role("button", name="1. Billing").click()
    expect(page.locator(".bubble .words").last).to_contain_text("antrian ke 1")
    expect(page.locator("#state")).to_have_text("Anda di antrian ke-1")
    sari = new_customer(shop.device, "Sari")
    sari.write("Halo")
    sari.write("1")
    billing = agent.locator("[data-queue-division]").first
    expect(billing.locator("[data-queue-list] [data-entry]")).to_have_count(2)
    expect(billing.locator("[data-entry]").nth(1)).to_contain_text("Sari")
    expect(agent.locator(".conv .division-chip.is-waiting").first).to_contain_text("Billing")
    write(page, "#")
    expect(page.locator(".bubble .words").last).to_have_text("Anda masih dalam antrian ke 1. mohon menunggu")
    # Taking the next one opens it, and the customer is told
    billing.locator("[data-queue-next]").click()
    expect(agent.locator("[data-thread] .bubble-text").first).to_have_text("Halo")
    expect(page.locator(".bubble .words").last).to_contain_text(f"Anda terhubung dengan {cast.agent.name}")
    assert "1. Billing" in bubbles(page)[1]
    at_end = "(box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2"
    thread = agent.locator("[data-scroll]")
    expect(thread.locator(".bubble-text").last).to_be_in_viewport()
    assert thread.evaluate("(box) => box.scrollHeight > box.clientHeight") and thread.evaluate(at_end)
    expect(page.locator("header")).to_contain_text(cast.agent.name)
    expect(agent.locator("[data-load]")).to_have_text("1/5")
    expect(billing.locator("[data-entry]")).to_have_count(1)
    expect(agent.locator(".side .trail li").first).to_contain_text(cast.agent.name)
    # Set online, the queue gives the other one by itself, live
    set_availability(agent, "online")
    expect(agent.locator("[data-load]")).to_have_text("2/5")
    expect(billing.locator("[data-entry]")).to_have_count(0)
    expect(agent.locator(".conv").filter(has_text="Sari").locator(".conv-agent")).to_be_visible()
    # Going offline with open conversations asks what becomes of them
    set_availability(agent, "offline")
    agent.get_by_role("button", name="Kembalikan ke antrian").click()
    expect(billing.locator("[data-entry]")).to_have_count(2)
    expect(agent.locator("[data-load]")).to_have_text("0/5")
    expect(page.locator("header")).not_to_contain_text(cast.agent.name)
    # The page of who waits follows the line by itself, also after an absence and after leaving
    expect(page.locator("#state")).to_contain_text("antrian ke-")
    page.reload()
    expect(page.locator("#state")).to_contain_text("antrian ke-")
    write(page, "keluar")
    expect(page.locator("#state")).not_to_contain_text("antrian ke-")
    assert agent.problems == []


def test_transfer_with_a_note(sign_in, cast, divisions, webchat, make):
    row = make.conversation(cast.organization_id, webchat, assignee_id=cast.agent.id)
    make.message(row)
    page = sign_in(cast.manager, f"/app/inbox/{row.id}")
    page.locator("[data-scroll]").press("t")
    page.locator("[name=division_id]:visible").select_option(label="Support")
    page.locator("#transfer-dialog textarea").fill("Sudah dicek, tinggal kirim")
    page.locator("#transfer-dialog [type=submit]").click()
    expect(page.locator(".thread-head .division-chip.is-waiting")).to_contain_text("Support")
    expect(page.locator("[data-days] .note")).to_contain_text("Sudah dicek")
    expect(page.locator(".trail-reason")).to_contain_text("Tidak ada agennya yang online")
    assert page.problems == []


def test_divisions_are_added_ordered_and_deleted(sign_in, cast, make, serious_findings):
    page = sign_in(cast.admin, "/app/settings/divisions")
    expect(page.locator(".empty-title")).to_be_visible()
    for name, words in (("Billing", "billing, tagihan,"), ("Support", "rusak")):
        page.locator("[hx-get$='/divisions/new']").first.click()
        form = page.locator("[data-division-form]")
        form.locator("[type=submit]").click()
        expect(form.locator(".invalid-feedback")).to_be_visible()
        form.locator("[name=name]").fill(name)
        form.locator("[data-keyword-input]").press_sequentially(words)
        form.locator(".agent-option", has_text=cast.agent.name).click()
        if name == "Billing":
            assert serious_findings(page) == []
        form.locator("[type=submit]").click()
        expect(page.locator("[data-order] > tr", has_text=name)).to_contain_text(
            words.strip(",").split(", ")[-1]
        )
    names = page.locator("[data-order] > tr strong")
    expect(names).to_have_text(["Billing", "Support"])
    # The handle by keyboard, the menu, and a reload that finds the same
    handle = page.locator("[data-handle]").first
    handle.focus()
    with page.expect_response("**/api/app/divisions/reorder"):
        for key in (" ", "ArrowDown", " "):
            page.keyboard.press(key)
    expect(page.locator("[data-order-status]")).to_contain_text("Billing")
    page.reload()
    expect(names).to_have_text(["Support", "Billing"])
    page.locator("[data-order] > tr").nth(1).locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Naikkan").locator("visible=true").click()
    expect(names).to_have_text(["Billing", "Support"])
    page.locator("[data-order] > tr").nth(1).locator("[data-menu]").click()
    page.get_by_role("menuitem", name="Hapus").locator("visible=true").click()
    page.locator("[data-removal-form] [type=submit]").click()
    expect(names).to_have_text(["Billing"])
    assert serious_findings(page) == []
    assert page.problems == []


def test_a_division_closes_while_people_wait(sign_in, cast, divisions, webchat, new_customer):
    customer = new_customer(webchat)
    customer.write("Halo")
    customer.write("1")
    page = sign_in(cast.admin, "/app/settings/divisions")
    row = page.locator("[data-order] > tr").first
    expect(row).to_contain_text("1")
    row.locator("[data-active]").click()
    expect(page.locator("[data-removal-form]")).to_contain_text("1 pelanggan menunggu")
    page.locator("[data-removal-form] [type=submit]").click()
    expect(row.locator("[data-active]")).not_to_be_checked()
    expect(page.locator("[data-order] > tr").nth(1).locator(".badge").first).to_contain_text("1")


def test_settings_are_tried_before_they_are_saved(sign_in, cast, divisions, serious_findings):
    page = sign_in(cast.admin, "/app/settings/queue")
    thread = page.locator("[data-preview-thread] > li")
    page.fill("[name=welcome_message]", "Selamat pagi, pilih tim:")
    expect(thread.nth(1)).to_contain_text("Selamat pagi, pilih tim:")
    page.locator(".preview-choices button", has_text="Billing").click()
    expect(thread.last).to_contain_text("antrian ke 1")
    page.fill("[data-preview-form] input", "#")
    page.keyboard.press("Enter")
    expect(thread.last).to_contain_text("Anda masih dalam antrian ke 1")
    page.locator("[data-situation=available]").click()
    expect(page.locator("[data-preview-state]")).to_have_text("Dilayani agen")
    # A placeholder is put in by its button; two words that are alike are refused beside the field
    page.locator("[data-field=assigned_message] [data-insert='{agent}']").click()
    expect(page.locator("[name=assigned_message]")).to_have_value(re.compile(r"\{agent\}$"))
    page.fill("[name=leave_keyword]", "#")
    page.locator("[data-queue-form] [type=submit]").click()
    expect(page.locator("[data-field=leave_keyword] .invalid-feedback")).to_be_visible()
    page.fill("[name=leave_keyword]", "batal")
    expect(page.locator("[data-changes]")).to_contain_text("Pesan sambutan")
    assert serious_findings(page) == []
    page.locator("[data-queue-form] [type=submit]").click()
    expect(page.locator("#toast")).to_contain_text("Pesan sambutan")
    expect(page.locator("[data-changes]")).to_be_empty()
    page.reload()
    expect(page.locator("[name=welcome_message]")).to_have_value("Selamat pagi, pilih tim:")
    assert page.problems == []


def test_the_wall_fills_a_big_screen_and_is_live(
    sign_in, cast, make, divisions, webchat, new_customer, serious_findings
):
    for number in range(4):
        make.division(cast.organization_id, f"Tim dengan nama yang panjang {number}", (cast.colleague,))
    page = sign_in(cast.manager, "/app/queue/wall", width=1920, height=1080)
    expect(page.locator(".wall-tile")).to_have_count(6)
    fits = "document.documentElement.scrollHeight <= innerHeight && document.body.scrollWidth <= innerWidth"
    assert page.evaluate(fits)
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1920, "height": 1080})
    customer = new_customer(webchat)
    customer.write("Halo")
    customer.write("2")
    tile = page.locator(".wall-tile").nth(1)
    expect(tile.locator("b")).to_have_text("1")
    expect(tile).to_have_class(re.compile("is-alone"))
    assert serious_findings(page) == []
    page.goto("/app/queue/report?days=1")
    expect(page.locator("tbody tr")).to_contain_text("Support")
    assert serious_findings(page) == []
    page.goto("/app/inbox")
    expect(page.locator("[data-entry]")).to_have_count(1)
    page.locator("[data-entry] [data-menu]").click()
    assert serious_findings(page) == []
    page.get_by_role("menuitem", name="Keluarkan").locator("visible=true").click()
    page.locator("dialog .btn-danger").click()
    expect(page.locator("[data-entry]")).to_have_count(0)
    assert page.problems == []
