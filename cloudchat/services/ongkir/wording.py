"""What customers read about shipping costs: in their organization's language, in a few short lines."""

import re

from cloudchat.clients.rajaongkir import COURIERS, Rate
from cloudchat.services.ongkir.couriers import NAMES

MOST_ROWS = 6
# Services that carry pallets or motorcycles: right on a list, wrong in an answer about a parcel
_FREIGHT = re.compile(
    r"(jtr|gokil|big\s?pack|otopack|\bm-?\d{2,}|cargo|kargo|truck|trc|motor|ctcjtr|\bt\d{2,3}\b|hcargo)", re.I
)
TEXTS = {
    "id": {
        "destination": "Mau dikirim ke mana, Kak? Tulis nama kota atau kecamatannya.",
        "weight": "Berat paketnya berapa, Kak? Contoh: 1 kg atau 500 gram.",
        "origin": "Dikirim dari kota mana, Kak?",
        "which": "{place} yang mana, Kak?",
        "narrower": "{place} masih terlalu luas, Kak. Tulis nama kota atau kecamatannya.",
        "quote": "Ongkir {origin} ke {destination}, {weight}:",
        "quote_here": "Ongkir ke {destination}, {weight}:",
        "unsupported": "Maaf Kak, {couriers} belum bisa kami cek di sini.",
        "no_service": "Maaf Kak, belum ada kurir yang melayani pengiriman ke {destination} untuk {weight}.",
        "place_unknown": "Maaf Kak, kami belum menemukan {destination}. Tulis kecamatan dan kotanya, ya.",
        "too_heavy": "Untuk kiriman di atas 150 kg, agen kami akan membantu menghitung ongkirnya, Kak.",
        "failed": "Maaf Kak, cek ongkir sedang tidak tersedia. Agen kami akan segera membantu.",
        "ended": "Baik, Kak. Kabari saja kalau mau cek ongkir lagi.",
        "cheapest": "Yang paling murah: {row}.",
        "fastest": "Yang paling cepat: {row}.",
        "day": "hari",
        "hour": "jam",
    },
    "en": {
        "destination": "Where shall it be sent? Write the city or the district.",
        "weight": "How heavy is the parcel? For example: 1 kg or 500 grams.",
        "origin": "Which city is it sent from?",
        "which": "Which {place} do you mean?",
        "narrower": "{place} is too large an area. Write the city or the district.",
        "quote": "Shipping from {origin} to {destination}, {weight}:",
        "quote_here": "Shipping to {destination}, {weight}:",
        "unsupported": "Sorry, we cannot look up {couriers} here.",
        "no_service": "Sorry, no courier delivers {weight} to {destination}.",
        "place_unknown": "Sorry, we did not find {destination}. Write the district and its city, please.",
        "too_heavy": "For more than 150 kg one of our agents will work out the cost for you.",
        "failed": "Sorry, shipping costs cannot be looked up just now. One of our agents will help you.",
        "ended": "All right. Tell us when you want to look up another one.",
        "cheapest": "The cheapest: {row}.",
        "fastest": "The fastest: {row}.",
        "day": "days",
        "hour": "hours",
    },
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def say(name: str, locale: str = "id", **values: str) -> str:
    """A sentence with its values, filled in one pass: a place called "{weight}" stays what it is."""
    text = TEXTS.get(locale, TEXTS["id"])[name]
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def rupiah(amount: int) -> str:
    return "Rp" + f"{amount:,}".replace(",", ".")


def weight(grams: int, locale: str = "id") -> str:
    """ "1,5 kg", "750 gram"."""
    if grams < 1000:
        return f"{grams} gram"
    text = f"{grams / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{text.replace('.', ',') if locale != 'en' else text} kg"


def duration(etd: str, locale: str = "id") -> str:
    """ "2–3 hari" from "2-3 day"; nothing where the provider says nothing, or "0-0 day"."""
    numbers = [int(number) for number in re.findall(r"\d{1,3}", etd)[:2]]
    if not numbers or not any(numbers):
        return ""
    unit = say("hour" if re.search(r"hour|jam", etd, re.I) else "day", locale)
    if locale == "en" and numbers[-1] == 1:
        unit = unit.removesuffix("s")
    low, high = numbers[0], numbers[-1]
    return f"{low} {unit}" if low == high else f"{low}–{high} {unit}"


def days(etd: str) -> int:
    """The longest that it may take; what says nothing comes last."""
    numbers = [int(number) for number in re.findall(r"\d{1,3}", etd)[:2]]
    return (
        numbers[-1] if any(numbers) and not re.search(r"hour|jam", etd, re.I) else 0 if any(numbers) else 999
    )


def for_parcels(rates: list[Rate]) -> list[Rate]:
    """Without cargo, trucks and motorcycles; with them where there is nothing else."""
    kept = [rate for rate in rates if not _FREIGHT.search(f"{rate.service} {rate.description}")]
    return kept or rates


def row(rate: Rate, locale: str = "id") -> str:
    """ "JNE REG Rp12.500 (2–3 hari)"."""
    name = COURIERS.get(rate.courier, rate.courier_name or rate.courier.upper())
    days = duration(rate.etd, locale)
    return f"{name} {rate.service} {rupiah(rate.cost)}" + (f" ({days})" if days else "")


def answer(rates: list[Rate], origin: str, destination: str, grams: int, locale: str = "id") -> str:
    """The costs as a message, cheapest first."""
    named = {"origin": titled(origin), "destination": titled(destination), "weight": weight(grams, locale)}
    head = say("quote" if origin else "quote_here", locale, **named)
    rows = [row(rate, locale) for rate in for_parcels(rates)[:MOST_ROWS]]
    return "\n".join((head, *(f"{number}. {text}" for number, text in enumerate(rows, 1))))


def titled(name: str) -> str:
    """The provider's upper case as people write it."""
    return name.title().replace("Dki ", "DKI ").replace("Di Yog", "DI Yog") if name.isupper() else name


def courier_names(codes: list[str]) -> str:
    return ", ".join(NAMES.get(code) or COURIERS.get(code, code) for code in codes)
