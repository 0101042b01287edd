"""Connecting devices in a browser: the wizard, the code to scan, Facebook's login, what fails."""

import httpx
import pytest

from tests import factories
from tests.browser.axe import serious


@pytest.fixture
def control(simulator_process):
    def call(method: str, path: str, **body) -> dict:
        answer = httpx.request(method, f"{simulator_process.url}/_control/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    return call


@pytest.fixture
def page(sign_in, cast):
    made = sign_in(cast.admin, "/admin/devices/new/")
    yield made
    assert made.problems == []


def test_a_bot_is_checked_connected_and_tried(page, control, eventually):
    bot = f"8{factories.number():09d}"
    control("POST", "telegram/accounts", id=bot, name="Toko Bot", token=f"{bot}:benar")
    page.click("a[href*='type=telegram']")
    assert serious(page) == []
    page.fill("#name", "Bot Toko")
    page.fill("#bot_token", f"{bot}:salah")
    page.click("form.admin-form button[type=submit]")
    page.locator("#bot_token-error").wait_for()
    assert page.input_value("#name") == "Bot Toko"
    page.fill("#bot_token", f"{bot}:benar")
    page.click("form.admin-form button[type=submit]")
    page.wait_for_url("**/details/**")
    page.get_by_text("Toko Bot").first.wait_for()

    control(
        "POST", "telegram/messages", **{"account": bot, "from": "777000111", "text": "Halo", "wait": True}
    )
    page.reload()
    page.click("form[action*='test-message'] button")
    page.locator(".alert-success").wait_for()
    [sent] = eventually(lambda: control("GET", f"telegram/sent?account={bot}")["items"], 20)
    assert "pesan uji" in sent["text"]
    assert serious(page) == []


def test_a_phone_is_linked_while_the_page_looks_on(page, control, sign_in, cast):
    session = f"toko-{factories.number()}"
    page.goto("/admin/devices/new/?type=wa_device")
    page.fill("#name", "Ponsel Toko")
    page.fill("#session", session)
    page.fill("#api_key", "simulator-gateway-key")
    page.click("form.admin-form button[type=submit]")
    page.locator(".link-scan img").wait_for()
    assert serious(page) == []
    page.locator(".device-troubles").get_by_text("Ponsel Toko").wait_for()
    phone = sign_in(cast.admin, page.url, width=375, height=740, dark=True)
    phone.locator(".link-scan img").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    control("POST", "wa-device/link", account=session, action="scan")
    page.locator(".link-state .badge-green").wait_for()
    page.locator(".device-troubles").wait_for(state="detached")


def test_facebook_pages_are_chosen_and_a_failure_says_what_to_do(page, control, sign_in, cast):
    good, bad = f"88{factories.number():011d}", f"89{factories.number():011d}"
    control("POST", "messenger/accounts", id=good, name="Toko Baik", token=f"EAA{good}")
    control("POST", "messenger/accounts", id=bad, name="Toko Lain", token=f"EAA{bad}", refuses="not_in_bm")
    control("PATCH", "facebook/settings", mode="ask", pages=[])
    page.click("a[href*='type=messenger']")
    page.get_by_role("link", name="Hubungkan dengan Facebook").click()
    for box in page.locator("input[name=pages]").all():
        if box.get_attribute("value") not in (good, bad):
            box.uncheck()
    page.click("button[value=accept]")
    page.wait_for_url("**/app/settings/facebook/**")
    assert serious(page) == []
    page.check(f"input[value='{bad}']")
    page.click("form.admin-form button[type=submit]")
    page.locator(".alert-danger").wait_for()
    page.wait_for_load_state("load")  # its scripts too
    page.click("[data-dialog-open=bm-steps]")
    page.locator("dialog[open] ol li").nth(5).wait_for()
    page.keyboard.press("Escape")
    page.click(".support-report summary")
    report = page.input_value("#fb-report")
    assert "Code: 200" in report and "EAA" not in report
    assert serious(page) == []
    phone = sign_in(cast.admin, page.url, width=375, height=740, dark=True)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    page.check(f"input[value='{good}']")
    page.click("form.admin-form button[type=submit]")
    page.wait_for_url("**/admin/devices/details/**")
    page.get_by_text("Toko Baik").first.wait_for()


def test_the_guides_are_readable(page):
    page.set_viewport_size({"width": 375, "height": 740})
    for name in ("telegram", "wa-device", "messenger", "whatsapp", "webchat", "devices"):
        page.goto(f"/app/help/{name}")
        page.locator("article h2").first.wait_for()
    assert serious(page) == []
    assert page.goto("/app/help/..%2Foperating").status == 404


@pytest.mark.parametrize("name", ["telegram", "wa-device", "messenger"])
def test_a_customers_phone_writes_and_is_answered(name, chromium, simulator_process):
    context = chromium.new_context(viewport={"width": 420, "height": 760})
    context.set_default_timeout(10_000)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{simulator_process.url}/{name}")
    page.fill("#text", "Halo dari ponsel")
    page.keyboard.press("Enter")
    page.locator(".bubble.mine", has_text="Halo dari ponsel").first.wait_for()
    assert problems == []
    context.close()
