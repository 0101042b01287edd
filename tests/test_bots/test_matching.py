"""Which question a customer means: how words are read, what is found, and whether scores hold."""

import json
from pathlib import Path

import pytest

from cloudchat.services.matching import Index, Pair, evaluation, senses, shops, smalltalk
from cloudchat.services.matching.lists import FOLDER
from cloudchat.services.matching.words import Speller, read

UNSEEN = Path(__file__).with_name("unseen")
PAIRS = [
    Pair(1, ("Apakah bisa COD?", "Bayar di tempat"), "COD untuk Jawa dan Bali."),
    Pair(2, ("Berapa lama pesanan sampai?",), "Jawa 2-4 hari."),
    Pair(3, ("Bisa tukar ukuran?", "Tukar size"), "Paling lambat 7 hari."),
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("brp hr smpe ya kak", ["berapa", "hari", "sampai", "ya", "kakak"]),
        ("pembayarannya gimana", ["bayar", "bagaimana"]),
        ("Haiiii gitu2 aja", ["hai", "gitu", "saja"]),
        ("gratis ongkir 500gr", ["gratis", "ongkir", "500", "gr", "gratis_ongkir"]),
        ("jadwal bola dan musim di bali", ["jadwal", "bola", "dan", "musim", "di", "bali"]),
    ],
)
def test_words_as_people_type_them(typed, meant):
    assert read(typed) == meant


def test_slips_are_told_from_other_words():
    speller = Speller(["pesanan", "kiriman", "bila", "tiket"])
    assert speller.nearest("psanan") == "pesanan"
    assert speller.nearest("kirimna") == "kiriman"
    assert speller.nearest("bola") is None and speller.nearest("takut") is None


def test_other_words_of_the_same_sense():
    """Also as a phrase, with small words in between, and as a slang word."""
    cod = senses.senses_by_word(["cod"])["cod"]
    assert cod & senses.senses_by_word(read("byr di tempat bs ga"))["tempat"]
    assert not cod & senses.senses_by_word(read("tempatnya dmn"))["tempat"]
    assert senses.asked_by(read("nyampenya brp hari")).keys() >= {"long"}


def test_the_contrary_and_another_of_its_kind_are_not_meant():
    pairs = [
        Pair(1, ("Cara pasang AC",), "Teknisi datang."),
        Pair(2, ("Cara bongkar AC",), "Teknisi datang."),
        Pair(3, ("Bisa bayar pakai GoPay?",), "Bisa."),
        Pair(4, ("Bisa kirim ke Bali?",), "Bisa."),
    ]
    index = Index(pairs)
    assert index.rank("acnya mau dicopot gmn")[0].id == 2
    scores = {match.id: match.score for match in index.rank("kalo pake ovo")}
    assert scores[3] < 75, "another wallet than the one that is asked for: never without asking back"


@pytest.mark.parametrize(
    ("text", "right"),
    [("cod bs ga", 1), ("paket nyampenya brp hr", 2), ("kekecilan nih mau tuker sizenya", 3)],
)
def test_the_right_pair_is_first(text, right):
    best = Index(PAIRS).rank(text)[0]
    assert best.id == right and best.score > 50
    assert best.why


def test_nothing_near_scores_low_and_nothing_scores_nothing():
    index = Index(PAIRS)
    assert index.rank("cuaca di bogor hujan ga")[0].score < 30
    assert index.rank("🙏🙏") == [] and index.rank("") == [] and Index([]).rank("cod") == []


def test_what_customers_chose_ranks_higher():
    text = "barang keburu ga buat kondangan"
    before = {match.id: match.score for match in Index(PAIRS).rank(text)}
    taught = [pair if pair.id != 2 else Pair(2, pair.texts, pair.answer, (text,)) for pair in PAIRS]
    best = Index(taught).rank(text)[0]
    assert best.id == 2 and best.score > before[2]


@pytest.mark.parametrize(
    "text", ["(a+)+$" + "a" * 64_000, "\0\ud800 cod", "a" * 5000, "=" * 3000, "1" * 400, "کد؟ 送料", "²" * 50]
)
def test_hostile_texts_are_only_texts(text):
    """No pattern of users is ever run, and a long text costs as much as a short one (H21)."""
    assert all(0 <= match.score <= 100 for match in Index(PAIRS).rank(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("halo kak", "greeting"),
        ("mksh kak 🙏", "thanks"),
        ("ok siap", "nod"),
        ("p", "greeting"),
        ("cod?", None),
    ],
)
def test_politeness_asks_nothing(text, kind):
    assert smalltalk.kind_of(text) == kind


def test_the_public_shop_and_what_its_scores_mean():
    """The model has seen it, so the floor is high; docs/bot.md has the figures on unseen shops."""
    (shop,) = shops.from_json(FOLDER / "kenanga.json")
    asked = evaluation.ask_all(shop)
    found = evaluation.figures(asked, 75, 10)
    assert found["top_1"] >= 0.80 and found["top_3"] >= 0.92
    assert found["right"] >= 0.6 and found["false"] <= 0.08, "five of its seventy near misses"
    assert all(row["right"] >= row["said"] - 12 for row in evaluation.calibration(asked) if row["count"] > 15)


def test_shops_that_no_model_has_seen():
    """Six kinds of shop, kept out of training; docs/bot.md has the figures of each."""
    files = sorted(UNSEEN.glob("*.txt"))
    asked = [one for path in files for shop in shops.read(path) for one in evaluation.ask_all(shop)]
    found = evaluation.figures(asked, 75, 10)
    assert len(files) == 6 and found["answerable"] > 400 and found["unanswerable"] == 120
    assert found["top_1"] >= 0.71 and found["top_3"] >= 0.84 and found["right"] >= 0.36
    assert found["false"] <= 0.05 and found["wrong"] <= 0.03


def test_two_thousand_pairs_in_milliseconds():
    """P14 is measured in the bench; here it only must not be of another order."""
    assert evaluation.cost(2000)["median_ms"] < 60


def test_the_command_measures_a_file_and_a_bot(app, context, cast, make, tmp_path):
    run, file = app.test_cli_runner(), tmp_path / "shop.json"
    [shop] = json.loads((FOLDER / "kenanga.json").read_text("utf-8"))["bots"]
    file.write_text(json.dumps({"bots": [{**shop, "queries": shop["queries"][:12]}]}))
    told = json.loads(run.invoke(args=["bot", "evaluate", "--file", str(file)]).output)
    assert told["answerable"] == 12 and told["calibration"]
    bot = make.bot(cast.organization_id)
    make.pair(bot)
    args = ["bot", "evaluate", "--org", str(cast.organization_id), "--bot", str(bot.id)]
    assert json.loads(run.invoke(args=args).output)["answerable"] == 0
    foreign = run.invoke(args=["bot", "evaluate", "--org", str(cast.neighbour_id), "--bot", str(bot.id)])
    assert foreign.exit_code == 1
