"""The hosted chat page on bad lines: offline, lost answers, two tabs, no storage, no websockets."""

import re

from tests.browser.webchat_tools import NO_STORAGE, bubbles, write


def test_what_was_typed_offline_is_sent_once_and_nothing_is_missed(visit, shop, eventually):
    page = visit(shop)
    write(page, "pertama")
    page.locator(".tick-sent").wait_for()
    page.context.set_offline(True)
    page.locator("#strip").wait_for()
    for at in range(3):
        write(page, f"luring {at}")
    page.locator(".tick-waiting").nth(2).wait_for()
    for at in range(20):
        shop.reply(f"jawaban {at}")
    page.context.set_offline(False)
    page.locator(".theirs", has_text="jawaban 19").wait_for()
    eventually(lambda: page.locator(".tick-waiting, .tick-sending").count() == 0)
    assert shop.heard() == ["pertama", "luring 0", "luring 1", "luring 2"]
    shown = bubbles(page)
    assert len(shown) == 24 and len(set(shown)) == 24
    assert page.locator("#strip").is_hidden()


def test_what_was_typed_offline_survives_closing_the_page(visit, shop, eventually):
    page = visit(shop)
    write(page, "pertama")
    page.locator(".tick-sent").wait_for()
    page.context.set_offline(True)
    write(page, "jangan hilang")
    page.locator(".tick-waiting").wait_for()
    page.close()
    context = page.context
    context.set_offline(False)
    again = context.new_page()
    again.goto(shop.path)
    again.locator(".own", has_text="jangan hilang").locator(".tick-sent").wait_for()
    assert shop.heard() == ["pertama", "jangan hilang"]


def test_a_lost_answer_does_not_double_the_message(visit, shop, eventually):
    page = visit(shop)
    lost = []

    def lose(route):
        if lost or route.request.method != "POST":
            return route.continue_()
        lost.append(route.fetch().status)
        route.abort()

    page.route(re.compile(r"/messages$"), lose)
    write(page, "sekali saja")
    page.locator(".tick-sent").wait_for()
    assert lost == [201] and shop.heard() == ["sekali saja"]
    assert bubbles(page) == ["sekali saja"]


def test_two_tabs_are_one_visitor(visit, shop):
    page = visit(shop)
    write(page, "dari tab satu")
    page.locator(".tick-sent").wait_for()
    other = page.context.new_page()
    other.goto(shop.path)
    other.locator(".own", has_text="dari tab satu").wait_for()
    write(other, "dari tab dua")
    page.locator(".own", has_text="dari tab dua").wait_for()
    shop.reply("untuk keduanya")
    for tab in (page, other):
        tab.locator(".theirs", has_text="untuk keduanya").wait_for()
        assert len(bubbles(tab)) == 3
    assert len(shop.rows()) == 1


def test_an_expired_session_is_replaced_and_the_text_kept(visit, shop):
    page = visit(shop)
    write(page, "lama")
    page.locator(".tick-sent").wait_for()
    page.fill("#text", "belum selesai diket")
    name = f"cloudchat.chat.{shop.device.public_key}.token"
    page.evaluate("name => localStorage.setItem(name, JSON.stringify('x.y.z'))", name)
    page.reload()
    assert page.input_value("#text") == "belum selesai diket"
    page.click("#send")
    page.locator(".own", has_text="belum selesai diket").locator(".tick-sent").wait_for()
    assert page.evaluate("name => JSON.parse(localStorage.getItem(name)).length", name) > 20


def test_without_storage_the_chat_still_works(open_page, shop):
    page = open_page()
    page.add_init_script(NO_STORAGE)
    page.goto(shop.path)
    write(page, "tanpa penyimpanan")
    page.locator(".tick-sent").wait_for()
    shop.reply("tetap sampai")
    page.locator(".theirs", has_text="tetap sampai").wait_for()


def test_without_websockets_the_page_asks(open_page, shop):
    page = open_page()
    page.route_web_socket(re.compile("socket.io"), lambda line: line.close())
    page.goto(shop.path)
    write(page, "tanpa soket")
    page.locator(".tick-sent").wait_for()
    shop.reply("lewat tanya")
    page.locator(".theirs", has_text="lewat tanya").wait_for()
