"""How the inbox words things."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from flask import g

from blueprints.inbox import display, wording
from blueprints.inbox.schemas import ConversationQuery


@pytest.fixture
def speak(app):
    """A request of somebody in Jakarta, in a language."""
    stack = []

    def speaking(language="en", zone="Asia/Jakarta"):
        context = app.test_request_context()
        context.push()
        stack.append(context)
        g.identity = SimpleNamespace(locale=language, organization=SimpleNamespace(timezone=zone), user_id=1)

    yield speaking
    for context in stack:
        context.pop()


@pytest.mark.parametrize(
    "text, html",
    [
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("data:text/html,x", "data:text/html,x"),
        ("ftp://a.test/x", "ftp://a.test/x"),
        ("http://", "http://"),
        ("1 & 2", "1 &amp; 2"),
    ],
)
def test_what_is_no_link_stays_text(text, html):
    assert display.linkified(text) == html


@pytest.mark.parametrize(
    "text, address, rest",
    [
        ("lihat https://a.test/x?a=1&b=2.", "https://a.test/x?a=1&amp;b=2", "."),
        ("(http://a.test/b)", "http://a.test/b", ")"),
        ('https://a.test/"onmouseover="x', "https://a.test/", "&#34;onmouseover=&#34;x"),
        ("https://a.test/<script>", "https://a.test/", "&lt;script&gt;"),
        ("HTTPS://A.TEST/", "HTTPS://A.TEST/", ""),
    ],
)
def test_links_are_http_escaped_and_isolated(text, address, rest):
    html = display.linkified(text)
    assert f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">' in html
    assert html.endswith(f"</a>{rest}")


def test_entries_fall_under_the_organizations_day(speak):
    speak(zone="Asia/Jayapura")  # UTC+9
    times = ("2026-11-22T14:59:00Z", "2026-11-22T15:00:00Z", "2026-11-23T01:00:00Z")
    entries = [{"created_at": moment} for moment in times]
    assert [(day["key"], len(day["entries"])) for day in display.by_day(entries)] == [
        ("2026-11-22", 1),
        ("2026-11-23", 2),
    ]


def test_short_times(speak):
    speak("en", "UTC")
    present = datetime.now(UTC)
    assert display.short_time(present) == "just now"
    assert display.short_time(present - timedelta(minutes=5)) == "5 min"
    assert display.short_time(present + timedelta(minutes=5, days=400)).endswith(
        str((present + timedelta(minutes=5, days=400)).year)
    )
    assert display.clock_time("2026-11-23T07:05:00Z") == "07:05"


def test_indonesian_clock_has_a_dot(speak):
    speak("id")
    assert display.clock_time("2026-11-23T07:05:00Z") == "14.05"


def test_snippets_of_wordless_messages_say_what_they_are(speak):
    speak()
    assert display.snippet("[image]") == {"text": "Photo", "icon": "photo"}
    assert display.snippet("[image] dan kata") == {"text": "[image] dan kata", "icon": None}
    assert display.snippet("") == {"text": "", "icon": None}


def test_file_names_show_their_real_ending(speak):
    speak()
    assert display.file_name("foto\u202egpj.exe") == "fotogpj.exe"
    assert display.file_name("../../etc/passwd") == "passwd"


def test_long_texts_are_cut_at_a_whole_sign():
    family = "👨‍👩‍👧‍👦"
    cut = display.shortened(family * 2000)
    assert len(cut) < 2100
    assert set(cut.split(family)) == {"", "…"}


def test_addresses_of_filters_leave_out_what_goes_without_saying():
    query = ConversationQuery(status="open", assignee="me", unread=True)
    assert display.list_address(query) == "?assignee=me&unread=true"
    assert display.list_address(query, assignee=None, unread=None) == "?"
    assert display.list_address(query, status="resolved") == "?status=resolved&assignee=me&unread=true"
    assert display.list_address(ConversationQuery(q="a b", status="all")) == "?q=a+b"
    assert display.list_address(ConversationQuery(q="a", status="open")) == "?status=open&q=a"


def test_reasons_of_failures(speak):
    speak()
    assert "24-hour" in wording.failure_reason({"code": "131047"})
    assert wording.failure_reason({"code": "cancelled"}) == "Taken back before it was sent."
    assert wording.failure_reason({"code": "4711"}) == wording.failure_reason(None)
