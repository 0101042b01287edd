"""The widget on somebody else's website: another origin, hostile CSS, a strict policy of its own."""

import base64
import hashlib
import re

import httpx
import pytest

from tests import factories
from tests.browser.webchat_tools import NO_STORAGE, OPEN_TREES, Site

STRICT = "default-src 'none'; script-src {desk}; frame-src {desk}; require-trusted-types-for 'script'"
HOSTILE_CSS = """
* { color: red !important; }
div, iframe, button, span, cloudchat-widget { display: none !important; position: static !important;
  opacity: 0 !important; width: 1px !important; }
"""


@pytest.fixture
def site(desk):
    made = Site(desk)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def shop(cast):
    return factories.device(cast.organization_id, "webchat", name="Toko Kopi", config={"color": "#7c3aed"})


@pytest.fixture
def at_desk(desk, cast):
    """The desk's API as the shop's agent."""
    with httpx.Client(base_url=desk, headers=cast.agent.headers, timeout=10) as client:
        yield client


@pytest.fixture
def surf(open_page):
    """`surf(site.url, width=375)`: the site in a browser that can look into closed shadow trees."""

    def go(url, **options):
        page = open_page(**options)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and page.complaints.append(entry.text))
        # Tests look inside; the script itself closes its tree to the site
        page.add_init_script(OPEN_TREES)
        page.goto(url)
        return page

    return go


def launcher(page):
    return page.locator("cloudchat-widget button")


def chat(page):
    return page.frame_locator("cloudchat-widget iframe")


def write(page, text):
    chat(page).locator("#text").fill(text)
    chat(page).locator("#send").click()
    chat(page).locator(".own", has_text=text).locator(".tick-sent, .tick-read").wait_for()


def reply(at_desk, shop, text):
    [row] = at_desk.get(f"/api/app/inbox/conversations?device_id={shop.id}").json()["items"]
    answer = at_desk.post(f"/api/app/inbox/conversations/{row['id']}/messages", json={"text": text})
    assert answer.status_code == 201, answer.text


def test_a_visitor_of_another_site_chats(surf, site, shop, at_desk, eventually):
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).wait_for()
    assert launcher(page).get_attribute("aria-expanded") == "false"
    assert not chat(page).locator("#text").is_visible()
    launcher(page).click()
    assert launcher(page).get_attribute("aria-expanded") == "true"
    eventually(lambda: chat(page).locator("#text").evaluate("field => document.activeElement === field"))
    write(page, "Halo dari situs lain")
    reply(at_desk, shop, "Halo Kak")
    chat(page).locator(".theirs", has_text="Halo Kak").wait_for()
    assert page.complaints == []
    assert page.context.cookies() == []


def test_answers_that_come_while_it_is_closed_are_counted(surf, site, shop, at_desk, eventually):
    site.embed(shop.public_key)
    page = surf(site.near_url)
    launcher(page).click()
    write(page, "Halo")
    page.keyboard.press("Escape")
    eventually(lambda: launcher(page).get_attribute("aria-expanded") == "false")
    reply(at_desk, shop, "satu")
    reply(at_desk, shop, "dua")
    badge = page.locator("cloudchat-widget .badge")
    eventually(lambda: badge.is_visible() and badge.text_content() == "2")
    assert "2" in launcher(page).get_attribute("aria-label")
    page.goto(site.near_url + "/dua")
    eventually(lambda: badge.count() and badge.text_content() == "2")
    launcher(page).click()
    chat(page).locator(".theirs", has_text="dua").wait_for()
    eventually(badge.is_hidden)


def test_it_stays_open_from_page_to_page_with_the_same_session(surf, site, shop, at_desk):
    site.embed(shop.public_key)
    page = surf(site.near_url)
    launcher(page).click()
    write(page, "halaman satu")
    page.goto(site.near_url + "/dua")
    chat(page).locator(".own", has_text="halaman satu").wait_for()
    assert launcher(page).get_attribute("aria-expanded") == "true"
    write(page, "halaman dua")
    assert len(at_desk.get(f"/api/app/inbox/conversations?device_id={shop.id}").json()["items"]) == 1


def test_a_strict_policy_and_hostile_css_do_not_reach_it(surf, site, shop, desk, eventually):
    site.policy = STRICT.format(desk=desk) + f"; style-src 'self' 'sha256-{_hash(HOSTILE_CSS)}'"
    site.head = f"<style>{HOSTILE_CSS}</style>"
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).wait_for()
    box = launcher(page).bounding_box()
    assert (box["width"], box["height"]) == (56, 56)
    colors = launcher(page).evaluate(
        "button => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color]"
    )
    assert colors == ["rgb(124, 58, 237)", "rgb(255, 255, 255)"]
    launcher(page).click()
    write(page, "di balik kebijakan ketat")
    assert page.complaints == []


def test_keyboard_alone_opens_and_closes_it(surf, site, shop, eventually):
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).wait_for()
    launcher(page).focus()
    page.keyboard.press("Enter")
    eventually(lambda: chat(page).locator("#text").evaluate("field => document.activeElement === field"))
    page.keyboard.press("Escape")
    eventually(
        lambda: page.evaluate("document.activeElement?.shadowRoot?.activeElement?.tagName") == "BUTTON"
    )
    eventually(lambda: not chat(page).locator("#text").is_visible())
    page.keyboard.press("Enter")
    chat(page).locator("#close").click()
    eventually(lambda: launcher(page).get_attribute("aria-expanded") == "false")


def test_on_a_phone_it_fills_the_screen(surf, site, shop, eventually):
    site.embed(shop.public_key)
    page = surf(site.url, width=375, height=667)
    launcher(page).click()
    whole = {"x": 0, "y": 0, "width": 375, "height": 667}
    eventually(lambda: page.locator("cloudchat-widget iframe").bounding_box() == whole)
    assert launcher(page).is_hidden()
    chat(page).locator("#close").click()
    launcher(page).wait_for()


def test_its_options_are_taken(surf, site, shop):
    site.embed(shop.public_key, position="left", color="#b91c1c", lang="en")
    page = surf(site.url)
    launcher(page).wait_for()
    assert launcher(page).bounding_box()["x"] == 20
    assert launcher(page).evaluate("b => getComputedStyle(b).backgroundColor") == "rgb(185, 28, 28)"
    assert chat(page).locator("html").get_attribute("lang") == "en"


def test_wrong_options_do_no_harm(surf, site, shop):
    site.embed(shop.public_key, position="top;}", color="red;} * {", lang="../x")
    page = surf(site.url)
    launcher(page).wait_for()
    assert launcher(page).evaluate("b => getComputedStyle(b).backgroundColor") == "rgb(124, 58, 237)"


def test_two_tags_make_one_widget(surf, site, shop):
    site.embed(shop.public_key)
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).first.wait_for()
    page.wait_for_timeout(300)
    assert page.locator("cloudchat-widget").count() == 1


def test_a_site_that_is_not_listed_gets_no_button(surf, site, cast):
    device = factories.device(
        cast.organization_id, "webchat", config={"allowed_origins": ["https://toko.example"]}
    )
    site.embed(device.public_key)
    page = surf(site.url)
    page.wait_for_timeout(1500)
    assert launcher(page).count() == 1 and launcher(page).is_hidden()
    assert any("frame-ancestors" in text or "refused to connect" in text for text in page.complaints)


def test_a_listed_site_gets_one(surf, site, cast):
    device = factories.device(cast.organization_id, "webchat", config={"allowed_origins": site.url})
    site.embed(device.public_key)
    launcher(surf(site.url)).wait_for()


def test_an_unknown_key_gets_no_button(surf, site):
    site.embed("no-such-key-at-all")
    page = surf(site.url)
    page.wait_for_timeout(1000)
    assert launcher(page).is_hidden()


def test_messages_of_other_windows_are_ignored(surf, site, shop, eventually):
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).wait_for()
    page.evaluate(
        """() => {
            const fake = (data) => window.postMessage({mark: "cloudchat-widget", ...data}, "*");
            fake({type: "unread", count: 99});
            fake({type: "ready", color: "#000000", texts: {open: "diretas"}});
            const other = document.createElement("iframe");
            const data = "{mark: 'cloudchat-widget', type: 'unread', count: 7}";
            other.srcdoc = `<script>parent.postMessage(${data}, '*')</script>`;
            document.body.append(other);
        }"""
    )
    page.wait_for_timeout(500)
    assert page.locator("cloudchat-widget .badge").is_hidden()
    assert "diretas" not in launcher(page).get_attribute("aria-label")


def test_the_frame_hears_only_the_page_around_it(surf, site, shop, eventually):
    site.embed(shop.public_key)
    page = surf(site.url)
    launcher(page).wait_for()
    assert page.evaluate("window.frames.length") == 0, "other frames of the site cannot even find it"
    page.evaluate("window.heard = []; addEventListener('message', (event) => heard.push(event.data.type))")
    frame = next(one for one in page.frames if one.url.endswith("/frame"))
    frame.evaluate(
        """(site) => {
            const say = (origin, source, type) => dispatchEvent(new MessageEvent("message", {
                data: {mark: "cloudchat-widget", type}, origin, source}));
            say(site, window, "hello");
            say("https://evil.example", parent, "hello");
            say("null", parent, "hello");
        }""",
        site.url,
    )
    page.wait_for_timeout(300)
    assert page.evaluate("heard") == []
    frame.evaluate(
        """(site) => dispatchEvent(new MessageEvent("message", {
            data: {mark: "cloudchat-widget", type: "hello"}, origin: site, source: parent}))""",
        site.url,
    )
    eventually(lambda: "ready" in page.evaluate("heard"))


def test_the_sites_storage_may_be_blocked(open_page, site, shop):
    site.embed(shop.public_key)
    page = open_page()
    page.add_init_script(OPEN_TREES + NO_STORAGE)
    page.goto(site.url)
    launcher(page).click()
    write(page, "tanpa penyimpanan")


def test_the_demo_shop_shows_it(surf, desk, shop, serious_findings):
    page = surf(f"{desk}/chat/{shop.public_key}/demo")
    launcher(page).click()
    write(page, "dari toko contoh")
    assert page.complaints == []
    assert serious_findings(page) == []


def _hash(css: str) -> str:
    return base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()


def test_the_site_cannot_reach_inside(open_page, site, shop, desk):
    site.embed(shop.public_key)
    page = open_page()
    page.goto(site.url)
    page.wait_for_function("() => !document.querySelector('cloudchat-widget')?.hidden")
    assert page.evaluate("document.querySelector('cloudchat-widget').shadowRoot") is None
    assert page.evaluate("Object.keys(localStorage).filter((name) => /token/.test(name))") == []
    assert re.match(r"http://127", page.url)
