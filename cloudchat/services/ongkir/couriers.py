"""Couriers by the names that people use, as the provider's codes; some that it does not have by ours."""

from cloudchat.services.ongkir.words import Words, listed

# Two words may also be written as one; all spellings of "express" are one word here already (words.py)
ALIASES = {
    "jne": "jne jene jnee jneee jne-nya jne+express",
    "pos": "pos pos+indo pos+indonesia kantor+pos pt+pos pos+aja",
    "tiki": "tiki tikki tikky",
    "jnt": "jnt jnt+express jet+express j+and+t j+dan+t jet",
    "sicepat": "sicepat si+cepat sicepet sicpt si+cepet sicepatt si+cpt si+cepat+express",
    "anteraja": "anter+aja antaraja antar+aja anterja anter+saja antar+saja anter+aj antar+aj",
    "ninja": "ninja ninja+express ninja+van",
    "lion": "lion lion+parcel lion+parsel lion+express",
    "ide": "ide id+express ide+express idx",
    "sap": "sap sap+express sapx",
    "wahana": "wahana wahana+express",
    "rex": "rex rex+express",
    "ncs": "ncs ncs+express",
    "rpx": "rpx rpx+express",
    "sentral": "sentral sentral+cargo sentral+kargo central+cargo central+kargo",
    "star": "star+cargo star+kargo",
    "dse": "dse 21+express",
}
UNSUPPORTED = {
    "gosend": "go+send gojek gosen go+jek go+sen",
    "grab": "grab grab+express grab+send",
    "spx": "spx spx+express shopee+express shope+express shoppe+express shopeexpress",
    "paxel": "paxel pax+el",
    "deliveree": "deliveree",
    "lalamove": "lala+move",
    "borzo": "borzo",
    "maxim": "maxim",
    "lex": "lex lazada+express lex+express",
    "indrive": "in+drive",
}
NAMES = {
    "gosend": "GoSend",
    "grab": "GrabExpress",
    "spx": "SPX Express",
    "paxel": "Paxel",
    "deliveree": "Deliveree",
    "lalamove": "Lalamove",
    "borzo": "Borzo",
    "maxim": "Maxim",
    "lex": "LEX",
    "indrive": "inDrive",
}
CODES = {
    tuple(written.split("+")): code
    for known in (ALIASES, UNSUPPORTED)
    for code, aliases in known.items()
    for alias in aliases.split()
    for written in (alias, alias.replace("+", ""))
}
# Words with a meaning of their own: couriers only behind one of these, or with no rival reading
PAKE = listed("pake pakai pk via lewat kurir ekspedisi pakek by naik gunakan pakainya sama dan atau")
COMMON = frozenset(("ide", "star", "sentral", "jet", "maxim", "grab", "lion", "sap"))


def take_couriers(words: Words) -> list[str]:
    """The couriers in the order in which they are named; their words are taken."""
    found: list[str] = []
    index = 0
    while index < len(words.items):
        code, length = _at(words, index)
        if code is None:
            index += 1
            continue
        words.taken.update(range(index, index + length))
        if code not in found:
            found.append(code)
        index += length
    return found


def _at(words: Words, index: int) -> tuple[str | None, int]:
    for length in (3, 2, 1):
        key = words.items[index : index + length]
        if len(key) < length or not words.free(index):
            continue
        code = CODES.get(key)
        if code and length == 1 and key[0] in COMMON and not _is_meant(words, index):
            continue
        if code:
            return code, length
    return None, 0


def _is_meant(words: Words, index: int) -> bool:
    """ "pake ide", "1kg sap": not "ada ide", "jet pump"."""
    before, after = words.at(index - 1), words.at(index + 1)
    if before in PAKE or after in ("express", "parcel", "cargo", "ke", "reg", "aja"):
        return True
    return index - 1 in words.taken or index + 1 in words.taken or (not after and index > 0)
