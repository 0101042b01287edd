"""What agents do in the inbox: write, assign, resolve, choose several; by keyboard and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.models import Conversation, Label
from cloudchat.services import labels
from cloudchat.tenancy import acting_as

ROWS = "[data-rows] > [data-id]"
FIELD = "textarea[data-text]"


@pytest.fixture
def conversations(cast, make):
    """`conversations(3)`: that many, unassigned, newest last."""

    def made(count, device=None, **values):
        device = device or make.device(cast.organization_id, "webchat", config={})
        rows = []
        for number in range(count):
            row = make.conversation(cast.organization_id, device, name=f"Pelanggan {number}", **values)
            make.message(row, f"Halo nomor {number}")
            rows.append(row)
        return rows

    return made


def status_of(row) -> str:
    with acting_as(row.organization_id):
        return db.session.get(Conversation, row.id, populate_existing=True).status


def choose(page, *names):
    for name in names:
        page.locator(ROWS).filter(has_text=name).locator(".conv-check").click()


def test_canned_reply_by_keyboard(sign_in, cast, make, conversations):
    make.canned_reply(cast.organization_id, "rekening", "BCA 123-456 a.n. Toko")
    make.canned_reply(cast.organization_id, "resi", "Nomor resinya")
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.locator(FIELD).press_sequentially("Silakan /re")
    expect(page.locator("[data-canned] [role=option]")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator(FIELD)).to_have_value("Silakan BCA 123-456 a.n. Toko")
    expect(page.locator("[data-canned]")).to_be_hidden()
    page.locator(FIELD).press_sequentially(" /tidak-ada")
    expect(page.locator(".canned-none")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-canned]")).to_be_hidden()


def test_draft_is_kept_per_conversation_and_across_reload(sign_in, cast, conversations):
    first, second = conversations(2)
    page = sign_in(cast.agent, f"/app/inbox/{first.id}")
    page.fill(FIELD, "belum selesai")
    page.locator(f"#conv-{second.id} a").click()
    expect(page.locator(f"[data-thread='{second.id}'] {FIELD}")).to_have_value("")
    expect(page.locator(f"#conv-{first.id} [data-draft]")).to_be_visible()
    page.reload()
    page.locator(f"#conv-{first.id} a").click()
    expect(page.locator(FIELD)).to_have_value("belum selesai")
    page.keyboard.press("Enter")
    expect(page.locator(f"#conv-{first.id} [data-draft]")).to_be_hidden()


def test_note_is_written_and_deleted(sign_in, cast, conversations):
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.wait_for_selector(FIELD)
    page.locator("[data-scroll]").focus()
    page.keyboard.press("n")
    page.keyboard.type("Rahasia tim")
    page.keyboard.press("Enter")
    note = page.locator("[data-days] .note")
    expect(note).to_have_count(1)
    expect(page.locator(".side-note")).to_contain_text("Rahasia tim")
    expect(page.locator(ROWS)).not_to_contain_text("Rahasia")
    note.hover()
    note.locator("[data-note-delete]").click()
    page.locator("dialog .btn-danger").click()
    expect(note).to_have_count(0)
    expect(page.locator(".side-note")).to_have_count(0)


def test_assign_resolve_undo_reopen(sign_in, cast, conversations, eventually):
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.locator("[data-action=assign]").click()
    page.locator(f"#assign-menu [data-assign='{cast.agent.id}']").click()
    expect(page.locator("[data-head]")).to_have_attribute("data-assignee", str(cast.agent.id))
    page.locator("[data-action=resolved]").click()
    expect(page.locator("[data-head]")).to_have_attribute("data-status", "resolved")
    expect(page.locator(ROWS)).to_have_count(0)
    page.locator("#toast .btn-sm").first.click()
    expect(page.locator("[data-head]")).to_have_attribute("data-status", "open")
    expect(page.locator(ROWS)).to_have_count(1)
    assert status_of(row) == "open"
    page.locator("[data-action=resolved]").click()
    page.locator("[data-closed-reopen]").click()
    expect(page.locator(FIELD)).to_be_visible()
    eventually(lambda: status_of(row) == "open")


def test_snooze_until_tomorrow_in_the_organizations_zone(sign_in, cast, conversations):
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.locator("[data-action=snooze]").click()
    page.locator("[data-snooze=tomorrow]").click()
    expect(page.locator("[data-head]")).to_have_attribute("data-status", "snoozed")
    until = page.locator("[data-head]").get_attribute("data-snoozed-until")
    assert "T01:00:00" in until  # 08.00 in Jakarta


def test_conflict_is_told_by_name(sign_in, cast, conversations, as_person):
    [row] = conversations(1)
    page = sign_in(cast.admin, "/healthz")
    page.route("**/updates*", lambda route: route.abort())  # it shall not hear of the colleague in time
    page.goto(f"/app/inbox/{row.id}")
    page.wait_for_selector(FIELD)
    url = f"/api/app/inbox/conversations/{row.id}/assign"
    as_person(cast.agent).post(url, json={"agent_id": cast.agent.id})
    page.locator("[data-action=assign]").click()
    page.locator(f"#assign-menu [data-assign='{cast.admin.id}']").click()
    expect(page.locator("#toast")).to_contain_text(cast.agent.name)


def test_several_at_once(sign_in, cast, make, conversations):
    rows = conversations(5)
    page = sign_in(cast.agent)
    expect(page.locator(ROWS)).to_have_count(5)
    # Made elsewhere while the page is open: the menus have it at once
    with acting_as(cast.organization_id):
        label = labels.save_label(Label(), "Tagihan", "#0d9488")
        events.drain()
    make.person(cast.organization_id, name="Nina Baru")
    events.drain()
    expect(page.locator(f"#label-menu [data-label='{label.id}']")).to_have_count(1)
    expect(page.locator("#assign-menu")).to_contain_text("Nina Baru")
    expect(page.locator("#filter-assignee")).to_contain_text("Nina Baru")
    choose(page, "Pelanggan 4")
    page.locator(ROWS).nth(2).locator(".conv-check").click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_contain_text("3")
    page.locator("[data-bulk] [data-menu=label-menu]").click()
    page.locator(f"[data-label='{label.id}']").click()
    expect(page.locator(f"{ROWS} .label-chip")).to_have_count(3)
    page.keyboard.press("Escape")
    page.locator("[data-bulk] [data-menu=assign-menu]").click()
    page.locator(f"#assign-menu [data-assign='{cast.agent.id}']").click()
    expect(page.locator(".list-tabs [data-count=me]")).to_have_text("3")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    choose(page, "Pelanggan 0", "Pelanggan 1")
    page.locator("[data-bulk-action=read]").click()
    expect(page.locator(".conv.is-unread")).to_have_count(3)
    choose(page, "Pelanggan 0", "Pelanggan 1")
    page.keyboard.press("s")
    page.locator("[data-snooze=tomorrow]").click()
    expect(page.locator(ROWS)).to_have_count(3)
    assert {status_of(row) for row in rows[:2]} == {"snoozed"}
    page.locator("#toast .btn-sm").first.click()
    expect(page.locator(ROWS)).to_have_count(5)
    choose(page, "Pelanggan 0", "Pelanggan 1")
    page.keyboard.press("e")
    expect(page.locator(ROWS)).to_have_count(3)
    expect(page.locator(".list-tabs [data-count=all]")).to_have_text("3")
    page.locator("#toast .btn-sm").first.click()
    expect(page.locator(ROWS)).to_have_count(5)
    assert {status_of(row) for row in rows} == {"open"}
    assert page.problems == []


def test_filters_and_search_live_in_the_address(sign_in, cast, make, conversations):
    rows = conversations(3)
    label = make.label(cast.organization_id, "VIP")
    page = sign_in(cast.agent)
    page.locator(f"#conv-{rows[0].id} a").click()
    page.locator("[data-action=label]").click()
    page.locator(f"#label-menu [data-label='{label.id}']").click()
    expect(page.locator(f"#conv-{rows[0].id} .label-chip")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("[data-menu=filter-menu]").click()
    page.select_option("#filter-label", str(label.id))
    expect(page.locator(ROWS)).to_have_count(1)
    assert f"label={label.id}" in page.url
    page.reload()
    expect(page.locator(ROWS)).to_have_count(1)
    page.locator(".list-chips a.chip").click()
    expect(page.locator(ROWS)).to_have_count(3)
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(1)
    page.goto("/app/inbox")
    page.locator(".search input").press_sequentially("nomor 2")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page.locator(ROWS)).to_contain_text("Pelanggan 2")
    assert "q=nomor" in page.url
    page.locator(".search input").fill("tidak ada yang begini")
    expect(page.locator(".rows-empty")).to_be_visible()


def test_endless_list(sign_in, cast, conversations):
    conversations(95)
    page = sign_in(cast.agent)
    expect(page.locator(".list-tabs [data-count=all]")).to_have_text("95")
    for _ in range(8):
        page.locator("[data-rows-pane]").evaluate("(box) => (box.scrollTop = box.scrollHeight)")
        page.wait_for_timeout(250)
    expect(page.locator(ROWS)).to_have_count(95)
    names = page.locator(f"{ROWS} .conv-name").all_inner_texts()
    assert names == [f"Pelanggan {number}" for number in reversed(range(95))]


def test_by_keyboard_alone(sign_in, cast, conversations, eventually):
    rows = conversations(3)
    page = sign_in(cast.agent)
    page.wait_for_selector(ROWS)
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    expect(page.locator(f"#conv-{rows[1].id} a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-thread='{rows[1].id}']")
    expect(page.locator("[data-scroll]")).to_be_focused()
    page.keyboard.press("r")
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.type("Dijawab tanpa tetikus")
    page.keyboard.press("Enter")
    expect(page.locator("[data-days] .msg-out")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#assign-menu")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-head]")).to_have_attribute("data-assignee", str(cast.agent.id))
    page.keyboard.press("e")
    eventually(lambda: status_of(rows[1]) == "resolved")
    page.keyboard.press("?")
    expect(page.locator("dialog .shortcut-list").first).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator(".thread-empty")).to_be_visible()
    assert page.url.endswith("/app/inbox")


def test_on_a_phone_one_pane_at_a_time(sign_in, cast, conversations):
    rows = conversations(20)
    page = sign_in(cast.agent, width=375, height=740)
    pane = page.locator("[data-rows-pane]")
    pane.evaluate("(box) => (box.scrollTop = 400)")
    page.locator(f"#conv-{rows[10].id} a").click()
    expect(page.locator(FIELD)).to_be_visible()
    expect(pane).to_be_hidden()
    assert page.url.endswith(f"/app/inbox/{rows[10].id}")
    page.go_back()
    expect(pane).to_be_visible()
    assert abs(pane.evaluate("(box) => box.scrollTop") - 400) < 80
    page.go_forward()
    page.locator(".thread-back").click()
    expect(pane).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 375


EVIL = [
    "<script>window.evil = 1</script>",
    "<img src=x onerror='window.evil = 1'>",
    "<svg onload='window.evil = 1'>",
    "javascript:window.evil=1 https://a.test/\"onmouseover='window.evil=1'",
    "{{ 7 * 7 }} <b>tebal</b> &amp; selesai",
]


def test_what_strangers_write_is_text(sign_in, cast, make):
    """H13, H24: in names, messages, notes, file names, labels, fields."""
    device = make.device(cast.organization_id, "webchat", config={}, name="<i>Web</i>")
    row = make.conversation(cast.organization_id, device, name=EVIL[1])
    for text in EVIL:
        make.message(row, text)
    make.label(cast.organization_id, EVIL[2][:60])
    make.canned_reply(cast.organization_id, "evil", EVIL[0])
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    expect(page.locator("[data-days] .msg-in .bubble-text")).to_have_text(EVIL)
    expect(page.locator(".thread-who h2")).to_have_text(EVIL[1])
    expect(page.locator(".conv-name")).to_have_text(EVIL[1])
    links = page.locator("[data-days] .bubble-text a")
    expect(links).to_have_count(1)
    assert links.get_attribute("href") == "https://a.test/"
    assert links.get_attribute("rel") == "noopener noreferrer nofollow"
    page.locator(FIELD).fill(EVIL[1])
    page.keyboard.press("Enter")
    expect(page.locator("[data-days] .msg-out .bubble-text")).to_have_text(EVIL[1])
    page.locator(FIELD).press_sequentially("/evil")
    expect(page.locator("[data-canned] [role=option] span")).to_have_text(EVIL[0])
    assert page.evaluate("window.evil") is None
    assert page.problems == []


def test_monsters_do_not_break_the_layout(sign_in, cast, make):
    """H25: a tower of accents, one word of a megabyte, a name without end."""
    device = make.device(cast.organization_id, "webchat", config={})
    row = make.conversation(cast.organization_id, device, name="N" * 255)
    make.message(row, "Z" + "\u0301" * 10_000)
    whole = "panjang" * 150_000
    message = make.message(row, whole)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    page.wait_for_selector(f"#m-{message.id}")
    assert page.evaluate("document.documentElement.scrollWidth") == 1440
    bubble = page.locator(f"#m-{message.id} .bubble-text")
    assert len(bubble.inner_text()) < 4_000
    assert bubble.bounding_box()["width"] <= 640
    page.locator(f"#m-{message.id} [data-whole]").click()
    expect(page.locator(f"#m-{message.id} [data-whole]")).to_have_count(0)
    assert len(page.locator(f"#m-{message.id} .bubble-text").inner_text()) == len(whole)


def test_files_are_checked_before_and_sent_with_progress(sign_in, cast, conversations, tmp_path):
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    (tmp_path / "catatan.txt").write_text("Isi berkas")
    (tmp_path / "halaman.html").write_text("<script>alert(1)</script>")
    page.wait_for_selector(FIELD)
    page.set_input_files("[data-file-input]", [tmp_path / "catatan.txt", tmp_path / "halaman.html"])
    expect(page.locator(".file.is-bad [data-error]")).to_be_visible()
    expect(page.locator("[data-send]")).to_be_disabled()
    page.locator(".file.is-bad [data-remove]").click()
    page.fill(FIELD, "Ini berkasnya")
    page.locator("[data-send]").click()
    sent = page.locator("[data-days] .msg-out")
    expect(sent.locator(".att-file .att-name")).to_have_text("catatan.txt")
    expect(sent.locator(".bubble-text")).to_have_text("Ini berkasnya")
    expect(page.locator("[data-outgoing] > *")).to_have_count(0)


def test_contact_is_changed_where_it_stands(sign_in, cast, conversations):
    [row] = conversations(1)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    other = sign_in(cast.admin)
    page.fill("#contact-name", "Ibu Ratna")
    page.keyboard.press("Enter")
    expect(page.locator(".thread-who h2")).to_have_text("Ibu Ratna")
    expect(other.locator(".conv-name")).to_have_text("Ibu Ratna")
    page.fill("#contact-phone", "bukan nomor")
    page.keyboard.press("Enter")
    expect(page.locator(".detail .invalid-feedback")).to_be_visible()
    page.locator("[data-custom-add]").click()
    page.fill("[data-custom-form] [name=name]", "Kota")
    page.fill("[data-custom-form] [name=value]", "Bandung")
    page.locator("[data-custom-form] [type=submit]").click()
    expect(page.locator("[data-custom-field=Kota]")).to_have_value("Bandung")
    page.locator(".detail-custom").hover()
    page.locator("[data-custom-remove=Kota]").click()
    expect(page.locator("[data-custom-field=Kota]")).to_have_count(0)
    page.locator("[data-panel-toggle]:visible").first.click()
    expect(page.locator("#panel")).to_be_hidden()
    page.reload()
    page.wait_for_selector(FIELD)
    expect(page.locator("#panel")).to_be_hidden()


def test_closed_window_says_what_to_do(sign_in, cast, make):
    from datetime import timedelta

    from cloudchat.extensions import now

    device = make.device(cast.organization_id)
    closed = make.conversation(cast.organization_id, device, name="Lama")
    make.message(closed, "Halo", occurred_at=now() - timedelta(days=3))
    with acting_as(cast.organization_id):
        db.session.get(Conversation, closed.id).last_inbound_at = now() - timedelta(days=3)
        db.session.commit()
    page = sign_in(cast.agent, f"/app/inbox/{closed.id}")
    expect(page.locator("[data-closed-text]")).not_to_be_empty()
    expect(page.locator(FIELD)).to_be_hidden()
    page.locator("[data-closed] [data-mode=note]").click()
    expect(page.locator(FIELD)).to_be_focused()


def test_failed_and_unknown_messages_offer_what_can_be_done(sign_in, cast, make):
    device = make.device(cast.organization_id, "webchat", config={})
    row = make.conversation(cast.organization_id, device)
    error = {"code": "131026", "message": "Message undeliverable", "details": "not on WhatsApp"}
    failed = make.message(row, "gagal", direction="out", status="failed", error=error)
    unknown = make.message(
        row, "entah", direction="out", status="unknown", error={"code": "unknown_outcome", "message": "?"}
    )
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    details = page.locator(f"#m-{failed.id} details")
    expect(details).to_contain_text("Message undeliverable")
    expect(page.locator(f"#m-{unknown.id} .delivery-unknown")).to_be_visible()
    page.locator(f"#m-{unknown.id} [data-message-action=confirm]").click()
    expect(page.locator(f"#m-{unknown.id} .delivery-sent")).to_be_visible()
    page.locator(f"#m-{failed.id} [data-message-action=retry]").click()
    expect(page.locator(f"#m-{failed.id} .delivery-sent")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1440, 375])
def test_axe_finds_nothing_serious(sign_in, cast, make, conversations, serious_findings, dark, width):
    rows = conversations(3)
    make.label(cast.organization_id, "VIP")
    make.message(rows[0], "Jawaban", direction="out", status="read", sender_id=cast.agent.id)
    make.message(rows[0], "Gagal", direction="out", status="failed", error={"code": "1", "message": "x"})
    page = sign_in(cast.agent, dark=dark, width=width)
    page.wait_for_selector(ROWS)
    assert serious_findings(page) == []
    page.locator(f"#conv-{rows[0].id} a").click()
    page.wait_for_selector("[data-days] .msg-out")
    page.wait_for_timeout(400)
    assert serious_findings(page) == []
    page.locator("[data-action=assign]").click()
    assert serious_findings(page) == []
    expect(page).to_have_title(re.compile("Pelanggan 0"))
