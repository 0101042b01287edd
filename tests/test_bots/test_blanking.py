"""What leaves for a language model's provider: nobody's number or address, and not the contact's name."""

import time

import pytest

from cloudchat.services.assistant import blanking


def test_names_and_numbers_stay_here():
    text = "Saya Budi Santoso (budi@toko.co.id), WA +62 812-3456-7890, pesanan 12345, 2 kg"
    assert blanking.blanked(text, "Budi Santoso") == "Saya [name] ([email]), WA [number], pesanan 12345, 2 kg"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("WA08123456789", "WA[number]"),
        ("08123456789ya", "[number]ya"),
        ("wa.me/628123456789", "wa.me/[number]"),
        ("0812\u20113456\u20137890", "[number]"),
        ("0812 - 3456 - 7890", "[number]"),
        ("0812/3456/7890", "[number]"),
        ("\u202a+62\u00a0812\u200e3456\u20697890\u202c", "\u202a[number]\u202c"),
        ("08.12.34.56.78.90", "[number]"),
        ("812 3456 7890", "[number]"),
        ("(021) 7654321", "([number]"),
        ("INV/20261126/0012", "INV/[number]"),
        ("tgl 26-11-2026 jam 10.00 0812-3456-7890", "tgl 26-11-2026 jam 10.00 [number]"),
        ("1.500.000 ke 0812.345.000", "1.500.000 ke [number]"),
    ],
)
def test_a_number_is_one_however_it_is_written(text, left):
    assert blanking.blanked(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "Buka 08.00-17.00, Sabtu 08.00\u201315.00 / 16.00-20.00",
        "jam 08.00 09.30 10.00 11.30",
        "Rp 10.000.000",
        "1.000.000.000",
        "10.000 12.000 15.000",
        "harga 1.500.000-2.000.000",
        "26-11-2026 10.00",
        "26/11/2026 - 28/11/2026",
        "2026-11-26 10:00",
        "pesanan 12345678",
    ],
)
def test_hours_dates_and_amounts_are_no_numbers_of_people(text):
    assert blanking.blanked(text) == text


@pytest.mark.parametrize(
    "bit", ["1 ", "0", "1.000", "1.111.", "a", "a.-", "a@", "a@b.", "1   ", "0 1 a", "\u200b", "10.00 ", "+"]
)
def test_blanking_takes_no_longer_for_what_is_made_to_be_slow(bit):
    """The square of the length would be minutes."""
    began = time.process_time()
    blanking.blanked(bit * (200_000 // len(bit)), "Budi Santoso")
    assert time.process_time() - began < 5
