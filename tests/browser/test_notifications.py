"""Alerts in a real browser: one tab rings, quiet is quiet, the bell is right, pushes are shown."""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect

from cloudchat import events
from cloudchat.extensions import db
from cloudchat.services import conversations, notification_settings
from cloudchat.tenancy import acting_as
from tests.conftest import CHROMIUM_FLAGS
from tests.factories import identity

WHOLE_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LISTEN = """() => {
  window.heard = [];
  for (const name of ["rang", "desktop", "notification:new"])
    document.addEventListener(`cloudchat:${name}`, (event) => window.heard.push([name, event.detail]));
}"""


def listen(page):
    """`heard("rang")`: how often the page sounded, popped up, or was told, since now."""
    page.evaluate(LISTEN)
    return lambda name: page.evaluate("(name) => window.heard.filter(([one]) => one === name).length", name)


def choose(person, **wanted):
    with acting_as(person.organization_id):
        notification_settings.change(person.id, wanted)


def bell(page):
    return page.locator(".bell [data-unread=notifications]")


@pytest.fixture(scope="module")
def chromium(chromium):
    """A whole browser where there is one: the headless shell shows no notifications."""
    path = next(filter(None, map(shutil.which, WHOLE_BROWSERS)), None)
    if path is None:
        yield chromium
        return
    whole = chromium.browser_type.launch(executable_path=path, args=CHROMIUM_FLAGS)
    yield whole
    whole.close()


@pytest.fixture
def allowed(desk):
    """`allowed(page)`: the browser lets our pages show desktop notifications; answers whether it can."""

    def allow(page) -> bool:
        page.context.grant_permissions(["notifications"], origin=desk)
        return page.evaluate("Notification.permission") == "granted"

    return allow


def test_of_two_tabs_one_rings_and_pops_up_and_both_count(
    sign_in, cast, webchat, new_customer, allowed, eventually
):
    first = sign_in(cast.agent, service_worker=True)
    pops_up = allowed(first)
    second = first.context.new_page()
    second.goto("/app/contacts")
    heard = [listen(first), listen(second)]

    def total(name):
        return sum(one(name) for one in heard)

    for number in range(1, 4):
        new_customer(webchat, f"Pelanggan {number}").write("Halo")
        eventually(lambda n=number: total("notification:new") == 2 * n, 15, "not told")
        eventually(lambda n=number: total("rang") == n, 15, "no sound")
        first.wait_for_timeout(1_600)  # a sound rings at most so often
    first.wait_for_timeout(500)
    assert (total("rang"), total("desktop")) == (3, 3 if pops_up else 0)
    for page in (first, second):
        expect(bell(page)).to_have_text("1")  # one line: three conversations came in
        expect(page.locator(".sidebar [data-unread=conversations]")).to_have_text("3")
        expect(page).to_have_title(re.compile(r"^\(3\) "))
        assert "favicon-unread" in page.locator("[data-favicon]").get_attribute("href")
    # Read in one tab, the other knows
    second.locator(".bell").click()
    second.locator("[data-bell-read-all]").click()
    expect(bell(first)).to_be_hidden()
    assert first.problems == []


def test_the_conversation_in_view_is_silent_in_every_tab(
    sign_in, cast, make, webchat, new_customer, allowed, eventually
):
    customer = new_customer(webchat)
    customer.write("satu")
    other = sign_in(cast.agent, "/app/contacts", service_worker=True)
    allowed(other)
    page = other.context.new_page()
    page.goto("/app/inbox")
    page.locator("[data-rows] > [data-id] a").first.click()
    page.wait_for_selector("[data-thread]")
    expect(page.locator(".sidebar [data-unread=conversations]")).to_be_hidden()
    heard = [listen(page), listen(other)]
    customer.write("dua")
    expect(page.locator("[data-days] [data-entry=message] .bubble-text")).to_have_text(["satu", "dua"])
    page.wait_for_timeout(1_500)
    assert [one("rang") + one("desktop") for one in heard] == [0, 0]
    expect(bell(page)).to_be_hidden()
    expect(other.locator(".sidebar [data-unread=conversations]")).to_be_hidden()


def test_quiet_hours_silence_and_the_bell_counts(sign_in, cast, make, webchat, new_customer, eventually):
    whole_day = {"enabled": True, "start_time": "00:00", "end_time": "23:59", "own_still_rings": True}
    choose(cast.agent, quiet_hours=whole_day)
    page = sign_in(cast.agent)
    heard = listen(page)
    customer = new_customer(webchat)
    customer.write("Halo")
    eventually(lambda: heard("notification:new") == 1)
    expect(bell(page)).to_have_text("1")
    page.wait_for_timeout(500)
    assert heard("rang") == 0
    with acting_as(cast.organization_id):
        from cloudchat.models import Conversation

        row = db.session.scalars(db.select(Conversation)).one()
        conversations.assign(identity(cast.manager), row.id, cast.agent.id)
        events.drain()
    eventually(lambda: heard("rang") == 1, 5, "the own queue still rings")
    expect(page.locator("#toast")).to_contain_text("Budi Santoso ditugaskan kepada Anda")
    page.locator("#toast .btn").first.click()
    expect(page).to_have_url(re.compile(rf"/app/inbox/{row.id}$"))
    page.wait_for_selector("[data-thread]")


def test_the_bell_leads_there_and_is_right_after_an_absence(sign_in, cast, make, webchat, new_customer):
    page = sign_in(cast.agent, "/app/contacts")
    page.context.set_offline(True)
    new_customer(webchat, "Siti Aminah").write("Masih buka?")
    page.wait_for_timeout(1_000)
    page.context.set_offline(False)
    expect(bell(page)).to_have_text("1")
    page.locator(".bell").click()
    line = page.locator(".bell-item")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Siti Aminah menunggu jawaban")
    expect(line).to_contain_text("Masih buka?")
    line.click()
    expect(page).to_have_url(re.compile(r"/app/inbox/\d+$"))
    expect(page.locator("[data-thread]")).to_be_visible()
    expect(bell(page)).to_be_hidden()
    page.locator(".bell").click()
    page.locator("[data-quiet-for=hour]").click()
    expect(page.locator("#toast")).to_contain_text("satu jam")
    # alerts sleep, the conversation does not
    expect(page.locator("[data-head]")).to_have_attribute("data-status", "open")
    page.locator(".bell").click()
    expect(page.locator(".bell-quiet")).to_be_visible()


def test_mention_is_offered_and_told(sign_in, cast, make):
    with acting_as(cast.organization_id):
        db.session.get(make.User, cast.manager.id).name = "Rina Melati"
        db.session.commit()
    talk = make.conversation(cast.organization_id)
    page, other = sign_in(cast.agent, f"/app/inbox/{talk.id}"), sign_in(cast.manager, "/app/contacts")
    page.locator("button[data-mode=note]").first.click()
    page.locator("textarea[data-text]").press_sequentially("Tolong @ri")
    expect(page.locator("[data-canned] [role=option]")).to_contain_text("Rina Melati")
    page.keyboard.press("Enter")
    expect(page.locator("textarea[data-text]")).to_have_value("Tolong @Rina Melati ")
    page.keyboard.press("Enter")
    expect(page.locator("[data-days] .note .bubble-text")).to_have_text("Tolong @Rina Melati")
    expect(bell(other)).to_have_text("1")
    assert page.problems == other.problems == []


def test_the_settings_page(sign_in, cast, allowed, serious_findings):
    page = sign_in(cast.agent, "/app/settings/notifications", service_worker=True)
    expect(page.locator("[data-desktop-text]")).not_to_be_empty()
    assert serious_findings(page) == []
    page.locator("[data-event=mention][data-channel=sound]").uncheck()
    expect(page.locator("[data-saved]")).to_have_text("Berhasil disimpan.")
    page.locator("#f-start_time").fill("07:00")
    page.locator("#f-start_time").blur()
    expect(page.locator("#f-end_time")).to_have_attribute("aria-invalid", "true")
    page.locator("#f-start_time").fill("22:00")
    page.locator("#f-start_time").blur()
    expect(page.locator("#f-end_time")).not_to_have_attribute("aria-invalid", "true")
    pops_up = allowed(page)
    heard = listen(page)
    page.locator("[data-test-alerts]").click()
    expect(page.locator("[data-result=sound_played]")).to_be_visible()
    said = "desktop_shown" if pops_up else "desktop_denied"
    expect(page.locator(f"[data-result={said}]")).to_be_visible()
    expect(page.locator("[data-result=push_off]")).to_be_visible()
    assert (heard("rang"), heard("desktop")) == (1, 1 if pops_up else 0)
    with acting_as(cast.organization_id):
        kept = notification_settings.get(cast.agent.id)
    assert kept["events"]["mention"] == {"in_app": True, "sound": False, "desktop": True, "push": True}
    assert kept["quiet_hours"]["start_time"] == "22:00"
    assert page.problems == []


def test_the_service_worker_shows_pushes_while_no_page_is_in_sight(sign_in, cast, make, allowed, desk):
    talk = make.conversation(cast.organization_id, assignee_id=cast.agent.id)
    page = sign_in(cast.agent, "/app/contacts", service_worker=True)
    if not allowed(page):
        pytest.skip("the headless shell shows no notifications; install chromium")
    page.evaluate("navigator.serviceWorker.register('/app/service-worker.js', {scope: '/app/'})")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    line = page.context.new_cdp_session(page)
    registrations = []
    line.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"])
    )
    line.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    [worker] = [one for one in registrations if one["scopeURL"].endswith("/app/") and not one["isDeleted"]]

    def push(**told):
        data = {"id": None, "title": "Siti menulis", "body": "", "tag": f"t{len(told)}", **told}
        line.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": desk, "registrationId": worker["registrationId"], "data": json.dumps(data)},
        )
        page.wait_for_timeout(400)

    def shown():
        return page.evaluate(
            "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())"
            ".then((list) => list.map((one) => one.title))"
        )

    push(url=f"/app/inbox/{talk.id}")
    assert shown() == [], "a page in sight tells it by itself"
    push(url=f"/app/inbox/{talk.id}", always=True)
    assert shown() == ["Siti menulis"]
    # Read in another browser before it is shown, or not this user's any more
    push(id=2**40, always=True, title="Sudah dibaca")
    assert shown() == ["Siti menulis"]
    # Opening the conversation takes it away
    page.goto(f"/app/inbox/{talk.id}")
    page.wait_for_selector("[data-thread]")
    page.wait_for_timeout(300)
    assert shown() == []
