"""Couriers by the names that people use, as the provider's codes; some that it does not have by ours."""

from cloudchat.services.ongkir.words import Words, listed

ALIASES = {
    "jne": "jne jene jnee jneee jne-nya",
    "pos": "pos pos+indo pos+indonesia posindo kantor+pos pt+pos posaja",
    "tiki": "tiki tikki tikky",
    "jnt": "jnt jnt+express jnt+ekspres jet jntexpress",
    "sicepat": "sicepat si+cepat sicepet sicpt si+cepet sicepatt",
    "anteraja": "anteraja anter+aja antaraja antar+aja anterja antereja",
    "ninja": "ninja ninja+express ninja+xpress ninja+van ninjaxpress ninjavan",
    "lion": "lion lion+parcel lion+parsel lionparcel",
    "ide": "ide id+express id+exp idexpress idx id+ekspres id+xpress",
    "sap": "sap sap+express sapx",
    "wahana": "wahana wahana+express",
    "rex": "rex rex+express",
    "ncs": "ncs",
    "rpx": "rpx",
    "sentral": "sentral sentral+cargo sentral+kargo central+cargo",
    "star": "star+cargo star+kargo",
    "dse": "dse 21+express",
}
UNSUPPORTED = {
    "gosend": "gosend go+send gojek gosen go+jek",
    "grab": "grab grab+express grabexpress grab+send",
    "spx": "spx shopee+express shopee+xpress shopee+ekspres shopeexpress",
    "paxel": "paxel",
    "deliveree": "deliveree",
    "lalamove": "lalamove lala+move",
    "borzo": "borzo",
    "maxim": "maxim",
    "lex": "lex lazada+express",
    "indrive": "indrive",
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
    tuple(alias.split("+")): code
    for known in (ALIASES, UNSUPPORTED)
    for code, aliases in known.items()
    for alias in aliases.split()
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
    for length in (2, 1):
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
    return index - 1 in words.taken or (not after and index > 0)
