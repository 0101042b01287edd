"""Cutting text and rendering menus: nothing broken, nothing alike, no number lost."""

import re

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from cloudchat.channels.base import Capabilities
from cloudchat.channels.text import cut, length, render_choices, unique_titles
from cloudchat.channels.webchat import WebChat
from cloudchat.channels.whatsapp_outbound import CAPABILITIES as WHATSAPP

WEBCHAT = WebChat.capabilities
NUMBERED = Capabilities(text_length=4096)
QUICK_REPLIES = Capabilities(text_length=2000, buttons=13, button_title=20, menu_text_length=2000)
FAMILY, ACCENTED = "👨‍👩‍👧‍👦", "e\u0301"
TRICKY = st.sampled_from("aé\u0301\u200d👍🏽👨🇮🇩 न\u093f")
TEXTS = st.text(TRICKY | st.characters(codec="utf-8"), max_size=60)


def choices(*titles: str) -> list[dict]:
    return [{"id": f"div:{number}", "title": title} for number, title in enumerate(titles, 1)]


def test_short_text_stays_as_it_is() -> None:
    assert cut("Billing", 20) == "Billing"


def test_a_cut_falls_between_what_a_reader_sees_as_characters() -> None:
    assert cut(f"ab{FAMILY}", 6) == "ab…"
    assert cut(ACCENTED * 5, 6) == ACCENTED * 2 + "…"
    assert cut("Layanan Pelanggan Jakarta", 20) == "Layanan Pelanggan J…"
    assert cut("Tim Penagihan ekspor", 15) == "Tim Penagihan…"


def test_a_single_endless_grapheme_is_broken_after_all() -> None:
    zalgo = "a" + "\u0301" * 10_000
    assert length(cut(zalgo, 20)) == 20


def graphemes(text: str) -> list[str]:
    return regex.findall(r"\X", text)


@given(TEXTS, st.integers(0, 40))
def test_a_cut_text_always_fits(text: str, limit: int) -> None:
    made = cut(text, limit)
    assert length(made) <= limit
    if made == text or length(graphemes(text)[0]) >= limit:
        return
    kept = graphemes(made.removesuffix("…"))
    assert kept == graphemes(text)[: len(kept)]


@given(st.lists(TEXTS, max_size=12), st.integers(8, 30))
def test_titles_fit_and_differ(titles: list[str], limit: int) -> None:
    made = unique_titles(titles, limit)
    assert len({title.casefold() for title in made}) == len(titles)
    assert all(length(title) <= limit for title in made)


def test_titles_that_cutting_would_make_alike_are_numbered() -> None:
    titles = ["Layanan Pelanggan Jakarta", "Layanan Pelanggan Jayapura"]
    assert len(set(unique_titles(titles, 20))) == 2


@pytest.mark.parametrize(
    ("count", "whatsapp", "webchat"),
    [
        (1, "buttons", "buttons"),
        (3, "buttons", "buttons"),
        (4, "list", "buttons"),
        (10, "list", "buttons"),
        (11, "text", "buttons"),
        (13, "text", "buttons"),
        (14, "text", "text"),
    ],
)
def test_the_form_follows_the_channel(count: int, whatsapp: str, webchat: str) -> None:
    menu = choices(*(f"Divisi {number}" for number in range(1, count + 1)))
    assert render_choices("Pilih divisi", menu, WHATSAPP).kind == whatsapp
    assert render_choices("Pilih divisi", menu, WEBCHAT).kind == webchat
    assert render_choices("Pilih divisi", menu, NUMBERED).kind == "text"


def test_buttons_carry_the_ids() -> None:
    menu = render_choices("Pilih divisi", choices("Billing", "Support"), WHATSAPP)
    assert menu.text == "Pilih divisi"
    assert menu.buttons == (
        {"id": "div:1", "title": "Billing"},
        {"id": "div:2", "title": "Support"},
    )


def test_numbered_text_counts_from_one() -> None:
    menu = choices("Billing", "Support", "Umum")
    menu[0]["description"] = "Tagihan"
    assert render_choices("Pilih:", menu, NUMBERED).text == (
        "Pilih:\n\n1. Billing – Tagihan\n2. Support\n3. Umum"
    )


def test_a_title_too_long_for_a_button_makes_a_list_with_the_full_name() -> None:
    long = "Layanan Pelanggan Wilayah Timur"
    menu = render_choices("Pilih", choices(long, "Umum"), WHATSAPP)
    assert menu.kind == "list"
    assert menu.buttons[0]["description"] == long
    assert "description" not in menu.buttons[1]


def test_without_lists_the_full_name_stands_in_the_text() -> None:
    long = "Layanan Pelanggan Wilayah Timur"
    menu = render_choices("Pilih", choices(long, "Umum"), QUICK_REPLIES)
    assert menu.kind == "buttons"
    assert f"1. {long}\n2. Umum" in menu.text
    assert length(menu.buttons[0]["title"]) <= 20


def test_text_too_long_for_buttons_becomes_numbered_text() -> None:
    menu = render_choices("x" * 1025, choices("Billing"), WHATSAPP)
    assert (menu.kind, menu.text[-11:]) == ("text", "\n1. Billing")


def test_numbered_text_gives_up_descriptions_before_titles() -> None:
    titles = ["y" * 200] + ["x" * 5] * 39
    menu = [{**choice, "description": "d" * 100} for choice in choices(*titles)]
    made = render_choices("Pilih:", menu, NUMBERED)
    assert made.text.startswith(f"Pilih:\n\n1. {'y' * 200}\n2. xxxxx\n")
    assert "ddd" not in made.text


def test_numbered_text_cuts_long_titles_and_text_but_no_number() -> None:
    made = render_choices("w" * 4000, choices(*["x" * 200] * 40), NUMBERED)
    assert length(made.text) <= 4096
    assert made.text.startswith("w" * 1000)
    assert all(f"\n{number}. xxxxx" in made.text for number in range(1, 41))


def test_empty_titles_and_line_breaks_are_mended() -> None:
    menu = render_choices("Pilih", choices("", "a\nb", " "), WHATSAPP)
    assert [button["title"] for button in menu.buttons] == ["1", "a b", "3"]


MENUS = st.lists(
    st.fixed_dictionaries({"id": TEXTS, "title": st.text(max_size=120)}, optional={"description": TEXTS}),
    min_size=1,
    max_size=40,
)


LONG = st.builds(str.__mul__, TEXTS, st.integers(1, 200))
CHANNELS = st.sampled_from([WHATSAPP, WEBCHAT, NUMBERED, QUICK_REPLIES])


@given(TEXTS | LONG, MENUS, CHANNELS)
def test_no_menu_passes_a_limit_or_loses_a_number(
    text: str, menu: list[dict], capabilities: Capabilities
) -> None:
    made = render_choices(text, menu, capabilities)
    titles = [button["title"].casefold() for button in made.buttons]
    assert len(set(titles)) == len(titles)
    if made.kind == "text":
        assert length(made.text) <= capabilities.text_length
        lines = made.text.rsplit("\n", len(menu))[-len(menu) :]
        assert [re.match(r"\d+\. ", line).group() for line in lines] == [
            f"{number}. " for number in range(1, len(menu) + 1)
        ]
        return
    assert [button["id"] for button in made.buttons] == [choice["id"] for choice in menu]
    assert length(made.text) <= capabilities.menu_text_length
    most = capabilities.button_title if made.kind == "buttons" else capabilities.list_title
    assert all(button["title"] and length(button["title"]) <= most for button in made.buttons)
    described = [button.get("description", "") for button in made.buttons]
    assert all(length(description) <= capabilities.list_description for description in described)
