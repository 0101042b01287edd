"""Customers' sentences: what is asked for, where to, how heavy, by whom."""

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudchat.services.ongkir import evaluation
from cloudchat.services.ongkir.parsing import Question, parse, parse_reply
from cloudchat.services.ongkir.places import GROUPS, NICKNAMES, REGIONS, SEATS, gazetteer
from cloudchat.services.ongkir.targets import target

PHRASES = evaluation.read((Path(__file__).parent / "phrases.md").read_text("utf-8"))


@pytest.mark.parametrize("phrase", PHRASES, ids=[f"{one.number}-{one.text[:40]}" for one in PHRASES])
def test_a_phrase_is_understood_whole(phrase):
    assert evaluation.differences(phrase) == {}


def test_the_command_prints_the_figures_of_each_class(tmp_path, app):
    answer = app.test_cli_runner().invoke(
        args=["ongkir", "evaluate", str(Path(__file__).parent / "phrases.md")]
    )
    assert answer.exit_code == 0, answer.output
    assert '"whole": 100.0' in answer.output


@pytest.mark.parametrize(
    ("text", "grams"),
    {
        "1 kg": 1000,
        "1,5 kg": 1500,
        "1.500 gram": 1500,
        "0.5kg": 500,
        "dua belas kilo": 12000,
        "satu setengah kilo": 1500,
        "1 kilo setengah": 1500,
        "seperempat kilo": 250,
        "2 1/2 kg": 2500,
        "½ kg": 500,
        "２kg": 2000,
        "3 ons": 300,
        "2 lusin masing2 100gr": 2400,
        "4 bungkus @250gr": 1000,
        "4 bungkus, per bungkus 250gr": 1000,
        "250gr/pcs beli 4": 1000,
        "dua belas pcs 100gr": 1200,
        "2 pcs 1kg": 1000,
        "2 pcs beratnya 500gr": 500,
        "2 pcs 500gr total": 500,
        "500gr 3 pcs total": 500,
        "2x500gr jadi brp": 1000,
        "jl mawar no 5 500gr": 500,
        "dus 30x20x10 500gr": 500,
        "1 dus isi 12 pcs 600gr": 600,
        "85 ribu per toples 500 gram": 500,
        "25rb": None,
        "2 pcs": None,
        "08123456789": None,
        "0 kg": None,
        "99999999999999 ton": None,
    }.items(),
)
def test_weights(text, grams):
    assert parse(f"ongkir ke medan {text}").weight_grams == grams


@pytest.mark.parametrize(
    ("asked", "text", "expected"),
    [
        ("weight", "2", {"weight_grams": 2000}),
        ("weight", "2kg jne aja", {"weight_grams": 2000, "couriers": ["jne"]}),
        ("weight", "setengah kilo kak", {"weight_grams": 500}),
        ("destination", "bandung", {"destination": "Bandung"}),
        ("destination", "ke solo 2kg", {"destination": "Surakarta", "weight_grams": 2000}),
        ("origin", "dari malang", {"origin": "Malang"}),
        ("origin", "surabaya", {"origin": "Surabaya", "destination": None}),
    ],
)
def test_answers_to_what_was_asked(asked, text, expected):
    found = parse_reply(text, asked)
    assert {name: getattr(found, name) for name in expected} == expected


def test_names_of_one_place_are_the_same_and_no_others():
    same = [("Baubau", "Bau Bau"), ("kota tanjungpinang", "Kota Tanjung Pinang"), ("Solo", "Surakarta")]
    other = [("Kota Bandung", "Bandung"), ("Riau", "Kepulauan Riau"), ("Kuta", "Kuta, Badung")]
    found = Question(True, None, "Kota Palangka Raya", 1000)
    assert evaluation.differences(evaluation.Phrase("1", "ongkir ke kota palangkaraya 1kg", found)) == {}
    assert all(evaluation.is_same(*pair) for pair in same)
    assert not any(evaluation.is_same(*pair) for pair in other)


def test_the_lists_of_names_speak_of_places_that_there_are():
    known = gazetteer()
    named = {*NICKNAMES.values()} - {*known.names, *GROUPS, *SEATS}
    codes = {*SEATS.values(), *(code for codes in REGIONS.values() for code in codes)} - {*known.by_code}
    assert (named, codes) == (set(), set())


def test_a_name_is_one_place_or_is_asked_back():
    assert target("Bandung").choices == ("Kota Bandung", "Kabupaten Bandung")
    assert target("Kota Bandung").area.code == "32.73"
    assert target("Surabaya").area.code == "35.78"
    assert len(target("Jakarta").choices) == 5 and "Kota Jakarta Selatan" in target("Jakarta").choices
    assert target("Bali").choices[0] == "Kota Denpasar"
    assert target("Cikarang").choices[0] == "Cikarang Barat, Bekasi"
    assert target("Cikarang Barat, Bekasi").area.name == "Cikarang Barat"
    assert target("Flores").choices[0] == "Kabupaten Flores Timur"
    assert target("Tanjung Pandan").area.code == "19.02.01"
    assert target("Kuta").area.code == "51.03.01" and target("Sigli").area.name == "Kota Sigli"
    assert target("Kuta, Lombok").words == "Kuta"  # not the one of Bali
    assert target("55581").words == "55581"
    assert target("Kampung Rambutan, Jakarta Timur").city == "Jakarta Timur"


PIECES = "ongkir ke dari kota kab. kec bandung jakarta-selatan jambi 1kg 2,5 / - ( , jne kodepos 40132 jl no"
PIECES += " bali kuta flores tj 2 pcs x @ 90gr"
TALK = st.lists(
    st.sampled_from(PIECES.split()) | st.text(max_size=12),
    max_size=40,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(TALK)
@example("\0" * 50)
@example("1/0 kg ongkir")
@example("ongkir ke " + "kota " * 200)
@example("١kg ongkir ke ²kg")
def test_any_text_is_taken(text):
    found = parse(text)
    assert found.weight_grams is None or 0 < found.weight_grams <= 10_000_000
    for place in filter(None, (found.destination, found.origin)):
        target(place)


@pytest.mark.parametrize(
    "piece", ["ke ", "bandung ", "1/", "jl ", "kota ", "a", "-", "2 x ", "masing ", "jambi "]
)
def test_long_texts_take_no_longer(piece):
    parse("ongkir")  # the list of places is read once
    began = time.process_time()
    parse("ongkir " + piece * 20_000)
    assert time.process_time() - began < 0.5
