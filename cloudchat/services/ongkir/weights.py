"""Weights as people write them, in whole grams."""

from dataclasses import dataclass

from cloudchat.services.ongkir.words import Words, is_number, listed

HEAVIEST = 10_000_000  # what is more is no weight but a slip, or a joke
UNITS = {
    1000: listed("kg kgs kgan kilo kiloan kilogram kilogaram kilos kgnya kilonya kgn kgm"),
    1: listed("g gr grm gram grams gran gramnya grnya gramm grans"),
    100: listed("ons onsan ounce"),
    100_000: listed("kuintal kwintal"),
    1_000_000: listed("ton"),
}
UNIT = {word: grams for grams, words in UNITS.items() for word in words}
NUMBERS = {
    **{
        word: value
        for value, words in enumerate(
            (
                "",
                "satu siji hiji",
                "dua loro kalih",
                "tiga telu tilu",
                "empat papat opat",
                "lima limo",
                "enam",
                "tujuh",
                "delapan lapan",
                "sembilan",
                "sepuluh",
                "sebelas",
            )
        )
        for word in words.split()
    },
    "setengah": 0.5,
    "stengah": 0.5,
    "setenga": 0.5,
    "stgh": 0.5,
    "separo": 0.5,
    "seperempat": 0.25,
    "sprempat": 0.25,
}
ONE_OF = {"sekilo": 1000, "sakilo": 1000, "skilo": 1000, "sekiloan": 1000, "sekilogram": 1000, "seons": 100}
PIECES = listed("""barang pcs pc pieces piece buah bh item paket dus dos box bungkus bgks botol pack packs pax
    pak x biji bj lembar lbr set sachet saset sase pouch toples kaleng karton koli kantong kotak potong ptg
    stel ekor renteng roll rol sak zak ikat bal pasang psg kali pot cup gelas jar jerigen""")
EACH = listed("masing @ per tiap setiap x * kali satuan satuannya pernya")
NO_PIECES = listed("rb ribu k jt juta rupiah hari jam menit minggu bulan tahun liter ml cm")
SUMS = listed("total totalnya semua semuanya keseluruhan")
TOTALS = SUMS | {"jadi"}
BUYING = listed("beli pesan pesen order ambil mau sebanyak jumlah jumlahnya qty")
HALVES = ("setengah", "stengah", "stgh", "seperempat")


@dataclass
class _Found:
    grams: float
    unit: int
    start: int
    end: int


def take_weight(words: Words) -> int | None:
    """The weight that is named; its words are taken. None where none is."""
    found: list[_Found] = []
    index = 0
    while index < len(words.items):
        one = _at(words, index) or _bare(words, index)
        if one is None:
            index += 1
            continue
        found.append(one)
        index = one.end
    if not found:
        return None
    for one in found:
        words.taken.update(range(one.start, one.end))
    grams = round(_meant(words, found))
    return grams if 0 < grams <= HEAVIEST else None


def _meant(words: Words, found: list[_Found]) -> float:
    """Which of several: a total, kilograms with grams behind them, else the first."""
    for one in found:
        if words.at(one.start - 1) in TOTALS:
            return one.grams
    first = found[0]
    if len(found) > 1 and found[1].start - first.end <= 1 and first.unit > found[1].unit:
        return first.grams + found[1].grams
    return _corrected(words, first) or first.grams * _count(words, first)


def _at(words: Words, start: int) -> _Found | None:
    """A number with a unit of weight, or "sekilo"."""
    if words.at(start) in ONE_OF:
        grams = ONE_OF[words.at(start)]
        extra, end = _half(words, start + 1)
        return _Found(grams + extra * grams, grams, start, end)
    number, end, written = read_number(words, start)
    if number is None or words.at(end) not in UNIT:
        return None
    unit = UNIT[words.at(end)]
    if unit == 1 and _is_thousands(written):
        number = float(written.replace(".", "").replace(",", ""))
    extra, after = _half(words, end + 1)
    if unit == 1:
        extra, after = 0, end + 1
    return _Found((number + extra) * unit, unit, start, after)


def _half(words: Words, index: int) -> tuple[float, int]:
    """ "1 kilo setengah": what stands behind the unit; not where it begins a weight of its own."""
    if words.at(index) in HALVES and words.at(index + 1) not in UNIT:
        return NUMBERS[words.at(index)], index + 1
    return 0, index


def _bare(words: Words, index: int) -> _Found | None:
    """ "berat 2": kilograms up to 100, else grams."""
    if words.at(index) not in ("berat", "beratnya", "bobot", "bobotnya", "weight"):
        return None
    start = index + 1
    while words.at(start) in (":", "=", "kirakira", "sekitar", "total", "kisaran", "cuma", "hanya", "nya"):
        start += 1
    number, end, _written = read_number(words, start)
    if number is None or words.at(end) in UNIT or words.at(end) in PIECES or words.at(end) in NO_PIECES:
        return None
    unit = 1000 if number <= 100 else 1
    return _Found(number * unit, unit, start, end)


def read_number(words: Words, start: int) -> tuple[float | None, int, str]:
    """A number in digits or words: its value, where it ends, and how it was written."""
    word = words.at(start)
    if is_number(word):
        value = _decimal(word)
        if words.at(start + 1) == "/" and is_number(words.at(start + 2)):
            below = _decimal(words.at(start + 2))
            return (value / below if below else None), start + 3, word
        if is_number(words.at(start + 1)) and words.at(start + 2) == "/" and is_number(words.at(start + 3)):
            below = _decimal(words.at(start + 3))
            return (value + _decimal(words.at(start + 1)) / below if below else None), start + 4, word
        if words.at(start + 1) in HALVES and words.at(start + 2) in UNIT:
            return value + NUMBERS[words.at(start + 1)], start + 2, word
        return value, start + 1, word
    if word not in NUMBERS:
        return None, start, ""
    return _in_words(words, start)


def _in_words(words: Words, start: int) -> tuple[float, int, str]:
    value, end = float(NUMBERS[words.at(start)]), start + 1
    if words.at(end) == "belas":
        value, end = value + 10, end + 1
    elif words.at(end) == "puluh":
        value, end = value * 10, end + 1
        if NUMBERS.get(words.at(end), 0) >= 1:
            value, end = value + NUMBERS[words.at(end)], end + 1
    elif words.at(end) == "ratus":
        value, end = value * 100, end + 1
    if words.at(end) == "koma" and NUMBERS.get(words.at(end + 1), 0) >= 1:
        value, end = value + NUMBERS[words.at(end + 1)] / 10, end + 2
    elif words.at(end) in HALVES and value >= 1 and words.at(end + 1) in UNIT:
        value, end = value + NUMBERS[words.at(end)], end + 1
    return value, end, ""


def _decimal(word: str) -> float:
    """Comma and point are both used for decimals; with two of them, the first ones part thousands."""
    parts = word.replace(",", ".").split(".")
    if len(parts) == 1:
        return float(word[:12])
    return float("".join(parts[:-1])[:12] + "." + parts[-1][:6])


def _is_thousands(written: str) -> bool:
    parts = written.replace(",", ".").split(".")
    return len(parts) > 1 and all(len(part) == 3 for part in parts[1:]) and parts[0] != "0"


def _count(words: Words, one: _Found) -> float:
    """How many of them: "2x400gr", "2 barang masing2 400gr", "400gr x 2", "400gr 2 bungkus"."""
    before, is_each = _before(words, one)
    if before:
        return before
    return _after(words, one, is_each)


def _before(words: Words, one: _Found) -> tuple[float, bool]:
    """What is counted before a weight; 0 for nothing. And whether the weight is said to be of each."""
    back, is_each, is_beside = one.start - 1, False, True
    while back >= 0 and (words.at(back) in EACH or words.at(back) in ("berat", "beratnya", ",", "nya", "yg")):
        is_each = is_each or words.at(back) in EACH
        is_beside, back = False, back - 1
    if words.at(back) in PIECES and words.at(back - 1) in EACH:  # "4 bungkus, per bungkus 400gr"
        is_each, is_beside, back = True, False, back - 2
        back -= words.at(back) == ","
    for index in range(back, back - (4 if is_each else 1), -1):  # "3 kaos polos @200gr"
        number, start = _number_before(words, index)
        if number is None:
            continue
        if not is_each and not (is_beside and _is_of_each(words, one, index, start)):
            return 0, False
        words.taken.update(range(start, one.start))
        return number * (12 if words.at(index) == "lusin" else 1), is_each
    return 0, is_each


def _is_of_each(words: Words, one: _Found, index: int, start: int) -> bool:
    """ "2 pack 300gr" is 600 grams, though nothing says "each"; "2 pcs 1kg" may be all of it."""
    is_all = words.at(one.end) in SUMS or words.at(start - 1) == "isi"
    return words.at(index) in PIECES and one.grams < 1000 and not is_all


def _number_before(words: Words, index: int) -> tuple[float | None, int]:
    """A number of things that ends here, or before a word for pieces; and where it begins."""
    counted = words.at(index) in PIECES or words.at(index) == "lusin"
    for start in (index - 2, index - 1, index):
        number, end, _written = read_number(words, start)
        if number is not None and end == (index if counted else index + 1):
            return (number if _is_count(words, number, end) else None), start
    return None, index


def _is_count(words: Words, number: float, end: int) -> bool:
    """A whole number of things: no money, no days, no weight."""
    is_other = words.at(end) in UNIT or words.at(end) in NO_PIECES
    return not is_other and float(number).is_integer() and 1 <= number <= 1000


def _after(words: Words, one: _Found, is_each: bool) -> float:
    """What is counted behind a weight: "400gr x 2", "400gr/pcs 2 pcs", "@400gr, beli 2 bungkus"."""
    index = one.end
    if words.at(index) in ("/", "per", "tiap", "setiap") and words.at(index + 1) in PIECES:
        is_each, index = True, index + 2
    bought = False
    while is_each and (words.at(index) in BUYING or words.at(index) == ","):
        bought = bought or words.at(index) in BUYING
        index += 1
    times = words.at(index) in ("x", "*", "kali")
    number, end, _written = read_number(words, index + times)
    if number is None or not _is_count(words, number, end):
        return 1
    dozens = is_each and words.at(end) == "lusin"
    counted = dozens or words.at(end) in PIECES
    is_of_each = is_each or (one.grams < 1000 and words.at(end + 1) not in SUMS)
    if not times and not bought and not (counted and is_of_each):
        return 1
    words.taken.update(range(one.end, end + counted))
    return number * (12 if dozens else 1)


def _corrected(words: Words, one: _Found) -> float | None:
    """ "1kg lebih dikit (1,2)": the number that follows is what is meant."""
    if words.at(one.end) != "lebih":
        return None
    for index in range(one.end + 1, one.end + 5):
        number, end, _written = read_number(words, index)
        if (
            number is not None
            and words.at(end) not in PIECES
            and one.grams < number * one.unit < 2 * one.grams
        ):
            words.taken.update(range(one.end, end))
            return number * one.unit
    return None
