"""What customers type when asked to choose, and how menus fit a channel (H15, H16, H22, H23, H26)."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.channels.base import Capabilities
from cloudchat.channels.text import length
from cloudchat.channels.webchat import WebChat
from cloudchat.channels.whatsapp_outbound import CAPABILITIES as WHATSAPP
from cloudchat.services.queueing import choice, estimate, menu, wording
from cloudchat.services.queueing.choice import Option
from cloudchat.services.queueing.menu import Line

BILLING, SUPPORT, GENERAL = 11, 22, 33
OPTIONS = (
    Option(BILLING, "Billing", ("billing", "tagihan", "bayar", "1")),
    Option(SUPPORT, "Bantuan Teknis", ("rusak", "tidak bisa login")),
    Option(GENERAL, "Umum", ()),
)
SMALL = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    "text",
    [
        "2",
        " 2 ",
        "2.",
        "2)",
        "(2)",
        "２",
        "٢",
        "2️⃣",
        "\u200b2",
        "\u202e2",
        "no. 2",
        "Nomor 2 kak",
        "dua",
        "pilih 2",
        "2. Bantuan Teknis",
        "2 bantuan",
        "bantuan teknis",
        "BANTUAN  TEKNIS!",
        "tim bantuan teknis",
        "ｂantuan teknis",
    ],
)
def test_many_ways_to_say_the_second(text):
    assert choice.parse(text, None, OPTIONS) == SUPPORT


@pytest.mark.parametrize(
    "text",
    ["", "4", "0", "22", "2 barang belum sampai", "halo", "2.5", "😀", "1" * 400, "teknis", "\u0000"],
)
def test_what_is_no_choice(text):
    assert choice.parse(text, None, OPTIONS) is None


def test_a_tap_is_believed_before_the_words():
    assert choice.parse("apa saja", f"div:{GENERAL}", OPTIONS) == GENERAL
    for payload in ("div:99", "div:", "div:1e3", "div:٣", "other:33", "div:33 "):
        assert choice.parse("halo", payload, OPTIONS) is None


@pytest.mark.parametrize(
    "text",
    [
        "tagihan",
        "saya mau bayar",
        "pembayarannya gimana?",
        "mau membayar",
        "TAGIHANNYA salah",
        "dibayarkan kemarin",
    ],
)
def test_keywords_are_whole_words_with_affixes(text):
    assert choice.detect(text, OPTIONS) == BILLING


@pytest.mark.parametrize(
    "text", ["mau beli 1 lagi", "pembayangan", "bayaran rusak", "bay", "login tidak bisa", ""]
)
def test_no_keyword_or_more_than_one_division(text):
    assert choice.detect(text, OPTIONS) is None


def test_a_keyword_of_several_words_stands_together():
    assert choice.detect("kak, tidak bisa login ya", OPTIONS) == SUPPORT


def test_yes_takes_what_was_suggested_and_nothing_else():
    assert choice.parse("Ya", None, OPTIONS, suggested=GENERAL) == GENERAL
    assert choice.parse("ya boleh", None, OPTIONS, suggested=GENERAL) == GENERAL
    assert choice.parse("ya", None, OPTIONS) is None
    assert choice.parse("2", None, OPTIONS, suggested=GENERAL) == SUPPORT


@SMALL
@given(st.text(max_size=200), st.text(max_size=30))
def test_anything_may_be_typed(text, payload):
    assert choice.parse(text, payload, OPTIONS, suggested=GENERAL) in (None, BILLING, SUPPORT, GENERAL)


@SMALL
@given(
    st.integers(1, 3),
    st.sampled_from(["{}", " {} ", "{}.", "({})", "\u200b{}", "{}\u200f", "no {}", "*{}*"]),
    st.sampled_from("0０٠०"),
)
def test_a_number_in_any_dress_is_that_number(number, dress, zero):
    typed = dress.format(chr(ord(zero) + number))
    assert choice.parse(typed, None, OPTIONS) == (BILLING, SUPPORT, GENERAL)[number - 1]


def test_hostile_texts_and_many_keywords_take_no_time():
    many = [Option(n, f"Divisi {n}", tuple(f"kata{n} {k}" for k in range(50))) for n in range(100)]
    choice.detect("hangat", many)  # the keywords are taken apart once
    started = time.process_time()
    for text in ("a" * 1_000_000, "\u0301" * 10_000, "(a+)+$" * 5000, "kata5 7 " * 10_000):
        choice.parse(text, None, many)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("text", "keyword", "with_text", "meant"),
    [
        ("#", "#", False, True),
        ("＃", "#", False, True),
        (" # ", "#", False, True),
        ("#?", "#", False, True),
        ("cek # ya", "#", False, False),
        ("cek # ya", "#", True, True),
        ("Antri", "antri", False, True),
        ("antrian", "antri", True, False),
        ("mau antri dong", "antri", True, True),
        ("", "#", True, False),
        ("apa", "", True, False),
    ],
)
def test_the_check_keyword(text, keyword, with_text, meant):
    assert choice.says(text, keyword, with_text) is meant


# --- menus -------------------------------------------------------------------------------------

LINES = (Line(1, "Billing", "Pembayaran dan invoice"), Line(2, "Support", "", "3 antrian, ~15 menit"))


def test_text_and_buttons_both_tell_the_numbers():
    made = menu.build("Halo", LINES, WHATSAPP, "Pilih")
    assert made.kind == "buttons"
    assert made.text == "Halo\n\n1. Billing - Pembayaran dan invoice\n2. Support (3 antrian, ~15 menit)"
    assert [one["title"] for one in made.payload["buttons"]] == ["1. Billing", "2. Support"]


def test_each_channel_gets_its_best_form():
    def kind(count, capabilities):
        return menu.build("Halo", [Line(n, f"D{n}") for n in range(count)], capabilities, "Pilih").kind

    assert [kind(n, WHATSAPP) for n in (3, 4, 10, 11)] == ["buttons", "list", "list", "text"]
    assert [kind(n, WebChat.capabilities) for n in (3, 13, 14)] == ["buttons", "buttons", "text"]
    assert kind(1, Capabilities()) == "text"


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


@SMALL
@given(
    WORDS,
    st.lists(WORDS, min_size=1, max_size=30),
    st.sampled_from([20, 24, 40]),
    st.sampled_from([0, 3, 13]),
)
def test_no_limit_is_passed_and_no_number_lost(intro, names, title, buttons):
    able = Capabilities(
        text_length=640, buttons=buttons, button_title=title, list_rows=10, menu_text_length=300
    )
    lines = [Line(n, name, name * 3, "2 antrian") for n, name in enumerate(names)]
    made = menu.build(intro, lines, able, "Pilih")
    assert length(made.text) <= able.text_length
    for number in range(1, len(names) + 1):
        assert f"{number}. " in made.text
    for number, one in enumerate(made.payload.get("buttons", ()), 1):
        assert one["title"].startswith(f"{number}. ")
        assert length(one["title"]) <= (title if made.kind == "buttons" else able.list_title)
        assert length(one.get("description", "")) <= able.list_description


def test_only_the_known_names_are_replaced_and_only_once():
    hostile = "{division.__class__} {queue_number!r} {0} {division:>9} { }} {unknown} %s ${x}"
    assert wording.fill(hostile, division="A", queue_number=1) == hostile
    assert wording.fill("{division}: {queue_number}", division="{queue_number}", queue_number=7) == (
        "{queue_number}: 7"
    )
    assert wording.fill("{agent} {division}", division="A") == "{agent} A"


@pytest.mark.parametrize(
    ("ahead", "minutes", "agents", "wait"),
    [(3, 10, 2, 15), (3, 10, 0, None), (0, 10, 2, 1), (1, 10, 3, 4), (5, 0.5, 1, 3)],
)
def test_the_wait(ahead, minutes, agents, wait):
    assert estimate.wait_minutes(ahead, minutes, agents) == wait


def test_few_samples_say_nothing():
    assert estimate.handling_minutes(10, 19, 60.0) == 10
    assert estimate.handling_minutes(10, 20, 90.0) == 1.5
