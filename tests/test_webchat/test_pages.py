"""The pages: their language, colours and headers; who may frame them."""

import re

import pytest
from flask_babel import refresh


@pytest.fixture
def page(client):
    """`page(chat, "/frame", lang="en")`"""

    def get(chat, path="", **options):
        return client.get(f"/chat/{chat.key}{path}", **options)

    return get


def test_the_hosted_page_names_the_shop_and_welcomes(new_chat, page):
    shown = page(new_chat(welcome="Selamat datang <b>di sini</b>")).text
    assert "<title>Toko Kopi</title>" in shown
    assert "Selamat datang &lt;b&gt;di sini&lt;/b&gt;" in shown


def test_no_page_sets_a_cookie_or_has_inline_code(chat, page):
    for path in ("", "/frame", "/demo"):
        answer = page(chat, path)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert not re.search(r"<[^>]+\s(style|on\w+)\s*=", answer.text)
        assert not re.search(r"<style|<script(?![^>]*(src=|application/json))", answer.text)
        assert "'unsafe" not in answer.headers["Content-Security-Policy"]


def test_only_the_frame_may_be_framed(chat, page):
    for path in ("", "/demo"):
        headers = page(chat, path).headers
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    framed = page(chat, "/frame").headers
    assert "X-Frame-Options" not in framed
    assert framed["Content-Security-Policy"].endswith("frame-ancestors *")
    assert framed["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_the_devices_list_says_who_may_frame(new_chat, page):
    chat = new_chat(allowed_origins="https://toko.example https://*.kopi.example; script-src *")
    policy = page(chat, "/frame").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://toko.example")
    assert policy.count("script-src") == 1


def test_hostile_settings_stay_harmless(new_chat, page):
    chat = new_chat(
        color='"><script>alert(1)</script>', welcome="{{7*7}}</script><script>", allowed_origins="\r\nX: y"
    )
    for path in ("", "/frame"):
        answer = page(chat, path)
        assert "<script>alert" not in answer.text and "{{7*7}}&lt;/script&gt;" in answer.text
        assert "X" not in answer.headers
        assert 'data-color="#0f766e"' in answer.text


def test_the_language_is_indonesian_or_what_was_asked_for(chat, page):
    def language(query="", header=None):
        headers = {"Accept-Language": header} if header else {}
        refresh()  # the test's own context outlives a request's, and so does the language in it
        return re.search(r'<html lang="(\w+)"', page(chat, query, headers=headers).text)[1]

    assert language() == "id"
    assert language(header="fr-FR,fr;q=0.9") == "id"
    assert language(header="en-GB,en;q=0.9") == "en"
    assert language("?lang=en") == "en"
    assert language("?lang=id", "en") == "id"
    assert language("?lang=<script>", "en") == "en"


def test_a_frame_takes_a_colour_from_its_address_if_it_is_one(chat, page):
    assert 'data-color="#aa0011"' in page(chat, "/frame?color=%23aa0011").text
    assert 'data-color="#0f766e"' in page(chat, "/frame?color=red").text


def test_the_name_is_only_asked_for_where_that_is_wanted(chat, new_chat, page):
    assert 'id="ask"' not in page(chat).text
    assert 'id="ask"' in page(new_chat(ask_name=True)).text


def test_a_chat_that_is_not_there_says_so_to_a_customer(client):
    for path in ("", "/frame", "/demo"):
        answer = client.get("/chat/no-such-key-at-all" + path)
        assert answer.status_code == 404
        assert "gone-card" in answer.text and "/app/inbox" not in answer.text


def test_the_widget_may_be_loaded_from_anywhere(client):
    answer = client.get("/static/widget.js")
    assert answer.status_code == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "max-age" in answer.headers["Cache-Control"]
    other = client.get("/static/js/main.js")
    assert other.headers.get("Cross-Origin-Resource-Policy") != "cross-origin"


def test_the_widget_writes_no_markup_and_reads_no_cookie(client):
    source = client.get("/static/widget.js").text
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "cookie",
        "eval(",
        'setAttribute("style',
    ):
        assert word not in source, word


def test_every_icon_of_the_page_is_in_it(chat, page):
    shown = page(chat).text
    defined = set(re.findall(r'<symbol id="(i-[\w-]+)"', shown))
    assert set(re.findall(r'href="#(i-[\w-]+)"', shown)) <= defined
