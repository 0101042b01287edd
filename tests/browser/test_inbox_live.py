"""The inbox is alive: what customers and colleagues do appears by itself, once, in order."""

import re

import pytest
from playwright.sync_api import expect


def bubbles(page):
    return page.locator("[data-days] [data-entry=message] .bubble-text")


def open_first(page):
    page.locator("[data-rows] > [data-id] a").first.click()
    page.wait_for_selector("[data-thread]")


def reply(page, text):
    page.fill("textarea[data-text]", text)
    page.keyboard.press("Enter")


@pytest.fixture
def rings(request):
    """`rings(page)`: count the sounds that a page makes."""

    def count(page):
        page.evaluate(
            "() => { window.rings = 0; document.addEventListener('cloudchat:rang', () => window.rings++); }"
        )
        return lambda: page.evaluate("window.rings")

    return count


def test_message_appears_with_badge_title_and_sound(sign_in, cast, webchat, new_customer, rings, eventually):
    page = sign_in(cast.agent)
    expect(page.locator(".rows-empty")).to_be_visible()
    rung = rings(page)
    new_customer(webchat).write("Halo, saya mau bayar")
    row = page.locator("[data-rows] > [data-id]")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Halo, saya mau bayar")
    expect(row).to_contain_text("Budi Santoso")
    expect(page.locator(".sidebar [data-unread=conversations]")).to_have_text("1")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    assert "favicon-unread" in page.locator("[data-favicon]").get_attribute("href")
    expect(page.locator(".list-tabs [data-count=all]")).to_have_text("1")
    expect(page.locator(".list-tabs [data-count=unassigned]")).to_have_text("1")
    eventually(lambda: rung() == 1, 5, "no sound")
    assert page.problems == []


def test_answer_arrives_and_ticks_show_how_far(sign_in, cast, webchat, new_customer, eventually):
    customer = new_customer(webchat)
    customer.write("Berapa ongkirnya?")
    page = sign_in(cast.agent)
    open_first(page)
    reply(page, "Rp12.000, Kak")
    # At once, as a bubble of its own, then the real one in its place
    expect(page.locator("[data-thread] .msg-out .bubble-text")).to_have_text(["Rp12.000, Kak"])
    expect(page.locator("[data-days] .msg-out .delivery-sent, .msg-out .delivery-delivered")).to_have_count(1)
    expect(page.locator("[data-outgoing] > *")).to_have_count(0)
    eventually(lambda: [m["text"] for m in customer.read()] == ["Berapa ongkirnya?", "Rp12.000, Kak"])
    assert page.problems == []


def test_many_quick_answers_keep_their_order_and_are_shown_once(
    sign_in, cast, webchat, new_customer, eventually
):
    customer = new_customer(webchat)
    customer.write("Halo")
    page = sign_in(cast.agent)
    open_first(page)
    wanted = [f"Jawaban {number}" for number in range(8)]
    for text in wanted:
        reply(page, text)
    expect(page.locator("[data-outgoing] > *")).to_have_count(0)
    expect(page.locator("[data-days] .msg-out .bubble-text")).to_have_text(wanted)
    eventually(lambda: [m["text"] for m in customer.read()][1:] == wanted)


def test_open_and_focused_conversation_is_read_and_does_not_ring(
    sign_in, cast, webchat, new_customer, rings, eventually
):
    customer = new_customer(webchat)
    customer.write("satu")
    page = sign_in(cast.agent)
    rung = rings(page)
    open_first(page)
    expect(page.locator(".sidebar [data-unread=conversations]")).to_be_hidden()
    customer.write("dua")
    expect(bubbles(page)).to_have_text(["satu", "dua"])
    expect(page.locator(".conv.is-unread")).to_have_count(0)
    expect(page).not_to_have_title(re.compile(r"^\("))
    assert rung() == 0


def test_two_agents_see_the_same(sign_in, cast, webchat, new_customer):
    new_customer(webchat).write("Halo")
    one, two = sign_in(cast.agent), sign_in(cast.admin)
    open_first(one)
    open_first(two)
    expect(one.locator("[data-hint]")).to_contain_text(cast.admin.name)
    expect(two.locator("[data-hint]")).to_contain_text(cast.agent.name)
    two.locator("textarea[data-text]").press_sequentially("Bai")
    expect(one.locator("[data-hint].is-typing")).to_contain_text(cast.admin.name)
    one.locator("button[data-mode=note]").first.click()
    one.fill("textarea[data-text]", "Hati-hati, pelanggan lama")
    one.keyboard.press("Enter")
    expect(one.locator("[data-days] .note .bubble-text")).to_have_text(["Hati-hati, pelanggan lama"])
    expect(two.locator("[data-days] .note .bubble-text")).to_have_text(["Hati-hati, pelanggan lama"])
    one.locator("[data-action=assign]").click()
    one.locator(f"#assign-menu [data-assign='{cast.agent.id}']").click()
    expect(two.locator(".thread-assign")).to_contain_text(cast.agent.name)
    expect(two.locator(".conv-agent")).to_have_count(1)
    expect(two.locator("[data-days] .activity")).to_have_count(1)
    one.locator("[data-action=resolved]").click()
    expect(two.locator("[data-rows] > [data-id]")).to_have_count(0)
    expect(two.locator("[data-closed]")).to_be_visible()
    assert one.problems == two.problems == []


def test_a_conversation_that_goes_to_a_colleague_leaves(sign_in, cast, webchat, new_customer):
    new_customer(webchat).write("Halo")
    page, chief = sign_in(cast.agent), sign_in(cast.admin)
    open_first(page)
    open_first(chief)
    chief.locator("[data-action=assign]").click()
    chief.locator(f"#assign-menu [data-assign='{cast.colleague.id}']").click()
    expect(page.locator("[data-thread-pane] [role=alert]")).to_be_visible()
    expect(page.locator("[data-rows] > [data-id]")).to_have_count(0)
    page.locator("[data-thread-pane] [data-thread-close]").click()
    expect(page.locator("[data-thread-pane] kbd").first).to_be_visible()


def test_burst_costs_few_requests(sign_in, cast, webchat, new_customer):
    page = sign_in(cast.agent)
    page.wait_for_timeout(500)
    asked = []
    page.on("request", lambda request: "/app/inbox/rows" in request.url and asked.append(request.url))
    customers = [new_customer(webchat, f"Pelanggan {number}") for number in range(12)]
    for customer in customers:
        customer.write("Halo")
    expect(page.locator("[data-rows] > [data-id]")).to_have_count(12)
    assert len(asked) <= 8


# The websocket of a page, which can be pulled out: unplugged ones find nobody who answers.
CABLE = """
window.cable = { plugged: true, open: [] };
window.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(window.cable.plugged ? url : "ws://127.0.0.1:9/", protocols);
    window.cable.open.push(this);
  }
};
"""
PULL = "() => { cable.plugged = false; cable.open.forEach((socket) => socket.close()); }"


@pytest.mark.parametrize("back", ["socket", "asking only"])
def test_what_was_missed_is_caught_up_without_gap_or_double(sign_in, cast, webchat, new_customer, back):
    """F26: fifty messages while the browser is away, then all of them once, and the badge right."""
    customer, other = new_customer(webchat), new_customer(webchat, "Siti Aminah")
    customer.write("pesan 0")
    page = sign_in(cast.agent, "/healthz")
    page.add_init_script(CABLE)
    page.goto("/app/inbox")
    open_first(page)
    expect(bubbles(page)).to_have_count(1)
    page.evaluate(PULL)
    page.context.set_offline(True)
    for number in range(1, 51):
        customer.write(f"pesan {number}")
    other.write("Saya juga")
    page.wait_for_timeout(1_500)
    # A network that lets no websocket through: the page asks every few seconds instead
    page.evaluate("(plugged) => (cable.plugged = plugged)", back == "socket")
    page.context.set_offline(False)
    expect(bubbles(page)).to_have_count(51, timeout=30_000)
    expect(bubbles(page)).to_have_text([f"pesan {number}" for number in range(51)])
    expect(page.locator("[data-rows] > [data-id]")).to_have_count(2)
    expect(page.locator("[data-rows] > [data-id] .conv-name").first).to_have_text("Siti Aminah")
    expect(page.locator(".sidebar [data-unread=conversations]")).to_have_text("1")
    assert page.problems == []


def test_answer_written_offline_goes_out_once(sign_in, cast, webchat, new_customer, eventually):
    customer = new_customer(webchat)
    customer.write("Halo")
    page = sign_in(cast.agent)
    open_first(page)
    page.context.set_offline(True)
    reply(page, "Ditulis tanpa jaringan")
    expect(page.locator("[data-outgoing] [data-failed]")).to_be_visible()
    page.context.set_offline(False)
    page.locator("[data-pending-retry]").click()
    expect(page.locator("[data-days] .msg-out .bubble-text")).to_have_text(["Ditulis tanpa jaringan"])
    expect(page.locator("[data-outgoing] > *")).to_have_count(0)
    eventually(lambda: len(customer.read()) == 2)


def test_only_one_tab_rings(sign_in, cast, webchat, new_customer, rings, eventually):
    first = sign_in(cast.agent)
    second = first.context.new_page()
    second.goto("/app/inbox")
    counts = [rings(first), rings(second)]
    new_customer(webchat).write("Halo")
    eventually(lambda: sum(count() for count in counts) == 1, 5, "no sound")
    first.wait_for_timeout(800)
    assert sum(count() for count in counts) == 1


def test_mute_is_kept(sign_in, cast, webchat, new_customer, rings):
    page = sign_in(cast.agent)
    page.locator(".bell").click()
    page.locator("[data-sound]").uncheck()
    page.reload()
    rung = rings(page)
    new_customer(webchat).write("Halo")
    expect(page.locator("[data-rows] > [data-id]")).to_have_count(1)
    page.wait_for_timeout(700)
    assert rung() == 0
    expect(page.locator("[data-sound]")).not_to_be_checked()


def test_statuses_change_in_place(sign_in, cast, make, app):
    device = make.device(cast.organization_id)
    row = make.conversation(cast.organization_id, device, name="Budi")
    message = make.message(row, "Sudah dikirim", direction="out", status="sent", sender_id=cast.agent.id)
    page = sign_in(cast.agent, f"/app/inbox/{row.id}")
    expect(page.locator(f"#m-{message.id} .delivery-sent")).to_be_visible()
    from cloudchat import events
    from cloudchat.channels.base import StatusUpdate
    from cloudchat.extensions import db, now
    from cloudchat.services import receipts
    from cloudchat.tenancy import acting_as

    for status in ("delivered", "read"):
        with acting_as(cast.organization_id):
            receipts.apply([(device.id, StatusUpdate(message.external_id, status, now()))])
            db.session.commit()
            events.drain()
        expect(page.locator(f"#m-{message.id} .delivery-{status}")).to_be_visible()


def test_messages_while_reading_above_do_not_move_the_page(sign_in, cast, webchat, new_customer):
    customer = new_customer(webchat)
    for number in range(60):
        customer.write(f"pesan {number}")
    page = sign_in(cast.agent)
    open_first(page)
    expect(bubbles(page)).to_have_count(40)
    scroller = page.locator("[data-scroll]")
    # Older ones load above, and what was seen stays where it was
    seen = page.get_by_text("pesan 30", exact=True).last
    before = seen.evaluate(
        "(bubble) => { bubble.closest('[data-scroll]').scrollTop = 300;"
        " return bubble.getBoundingClientRect().top; }"
    )
    expect(bubbles(page)).to_have_count(60)
    assert scroller.evaluate("(box) => box.scrollTop") > 300
    assert abs(seen.evaluate("(bubble) => bubble.getBoundingClientRect().top") - before) < 3
    scroller.evaluate("(box) => (box.scrollTop = 200)")
    customer.write("yang baru")
    expect(page.locator("[data-to-end].has-new")).to_be_visible()
    assert abs(scroller.evaluate("(box) => box.scrollTop") - 200) < 2
    page.locator("[data-to-end]").click()
    expect(page.get_by_text("yang baru", exact=True).last).to_be_in_viewport()
