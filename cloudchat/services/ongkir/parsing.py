"""A customer's sentence as a question for shipping costs: pure, and in time that grows with its length."""

from dataclasses import dataclass, field

from cloudchat.services.ongkir import words as vocabulary
from cloudchat.services.ongkir.couriers import take_couriers
from cloudchat.services.ongkir.mentions import Mention, find_mentions
from cloudchat.services.ongkir.names import Part
from cloudchat.services.ongkir.places import DISTRICT, PROVINCE, SEATS, gazetteer, plain
from cloudchat.services.ongkir.weights import take_weight
from cloudchat.services.ongkir.words import Words


@dataclass(frozen=True)
class Question:
    """What was understood. Places are named as people read them: "Ngaglik, Sleman", "Kota Medan"."""

    is_ongkir_question: bool = False
    origin: str | None = None
    destination: str | None = None
    weight_grams: int | None = None
    couriers: list[str] = field(default_factory=list)

    def missing(self, has_origin: bool = True) -> list[str]:
        """What has to be asked for, in the order of asking."""
        lacking = [("destination", self.destination), ("weight", self.weight_grams)]
        if not has_origin:
            lacking.insert(0, ("origin", self.origin))
        return [name for name, value in lacking if not value]


THANKS = vocabulary.listed("makasih mksh terimakasih thanks thx tks trims kasih nuhun suwun")
HAPPENED = vocabulary.listed("bayar dibayar transfer tf ditransfer dikirim kirim sampai sampe nyampe lunas")


def parse(text: str) -> Question:
    """Understand one message on its own."""
    words = vocabulary.split(text)
    weight = take_weight(words)
    couriers = take_couriers(words)
    about = _names_shipping(words) or bool(couriers)
    mentions = find_mentions(words, about)
    origin = next((one for one in mentions if one.role == "from"), None)
    target = next((one for one in mentions if one.role == "to"), None)
    if target is None:
        target = next((one for one in mentions if not one.role), None)
    found = Question(True, name_of(origin), name_of(target), weight, couriers)
    return _with(found, is_ongkir_question=_is_question(words, found, target.role if target else ""))


def parse_reply(text: str, asked: str | None) -> Question:
    """The same for an answer to what we asked: "2" is a weight then, "bandung" a place."""
    found = parse(text)
    words = vocabulary.split(text)
    if asked == "weight" and found.weight_grams is None:
        found = _with(found, weight_grams=take_weight(vocabulary.split(f"berat {text}")))
    if asked in ("destination", "origin") and found.destination is None and found.origin is None:
        again = parse(f"ongkir {'ke' if asked == 'destination' else 'dari'} {text}")
        found = _with(found, destination=again.destination, origin=again.origin)
    if asked == "origin" and found.origin is None and found.destination and "ke" not in words.items:
        found = _with(found, origin=found.destination, destination=None)
    return found


def _with(question: Question, **values) -> Question:
    return Question(**{**question.__dict__, **values})


def name_of(mention: Mention | None) -> str | None:
    """The place in words: a kecamatan with its city, a city, or the postcode alone."""
    if mention is None:
        return None
    parts = [part for part in mention.parts if part.level != "village" or len(mention.parts) == 1]
    if len(parts) < 2 and len(mention.parts) == 2:
        parts = mention.parts  # a village and its city
    if not parts:
        return mention.postcode or None
    while len(parts) > 1 and _only_says_where(parts[-2], parts[-1]):
        parts = parts[:-1]
    parts = parts[-2:]
    names = [
        f"{part.level.title()} {part.name}" if part.level in ("KOTA", "KABUPATEN") else part.name
        for part in parts
    ]
    alone = parts[0]
    if (
        len(parts) == 1
        and len(alone.areas) == 1
        and alone.is_only(DISTRICT)
        and plain(alone.name) not in SEATS
    ):
        names.append(gazetteer().parent(alone.areas[0]).name)
    return ", ".join(names)


def _only_says_where(smaller: Part, larger: Part) -> bool:
    """A province or an island, behind a name that is found without it; many villages share a name."""
    return smaller.level != "village" and (larger.level == PROVINCE or larger.is_only(PROVINCE))


# --- is it a question for shipping costs? --------------------------------------------------------


def _names_shipping(words: Words) -> bool:
    items = words.items
    for index, word in enumerate(items):
        if word in vocabulary.SHIPPING or (word.startswith("ongk") and word.endswith(("ir", "irnya", "ire"))):
            return True
        if word in vocabulary.COST and _soon(items, index, vocabulary.SENDING):
            return True
        if word in ("ongkos", "onkos", "ongkosnya", "onkosnya", "shipping", "ongkire"):
            return True
    return False


def _soon(items: tuple[str, ...], index: int, wanted: frozenset[str]) -> bool:
    return any(word in wanted for word in items[index + 1 : index + 3])


def _is_question(words: Words, found: Question, role: str) -> bool:
    """`role` is that of the destination."""
    items = set(words.items)
    named = _names_shipping(words)
    how_much = bool(items & vocabulary.HOW_MUCH)
    weight, couriers = found.weight_grams, found.couriers
    if items & vocabulary.STRONG_ELSEWHERE or _is_done(words):
        return False
    if found.destination is not None:
        if items & {"alamat", "alamatnya"} and items & {"ganti", "ubah", "salah", "pindah", "rubah"}:
            return False
        if named:
            return True
        sending = bool(items & vocabulary.SENDING)
        if how_much and items & {"lama", "hari", "jam"} and not weight:
            return False
        if how_much:
            return bool(sending or couriers or weight is not None or role == "to")
        # Who names all of it wants to know what it costs: "dr jakbar ke jaktim 2kg", "jne ke solo 2kg"
        all_said = role == "to" and weight and (found.origin or (couriers and not sending))
        return bool(all_said) and not items & (vocabulary.ELSEWHERE | vocabulary.UNDER_WAY)
    if not named or items & vocabulary.ELSEWHERE:
        return False
    if items & THANKS and not how_much:
        return False
    asks = how_much or bool(items & vocabulary.ASKING) or weight is not None or bool(couriers)
    said = [word for word in words.items if word.isalpha() and word not in vocabulary.STOP]
    return asks or ("?" in items and len(said) < 3) or len(words.items) < 4


def _is_done(words: Words) -> bool:
    """ "sudah saya bayar", "udah dikirim": what has happened is not asked for."""
    return any(
        word in vocabulary.DONE and any(near in HAPPENED for near in words.items[index + 1 : index + 4])
        for index, word in enumerate(words.items)
    )
