"""Broadcasts in the browser: made, checked, sent while somebody looks on; who wants none."""

import os

import pytest
from playwright.sync_api import expect

from tests.browser.axe import serious
from tests.test_broadcasts.conftest import campaigns, phones  # noqa: F401 - a fixture
from tests.test_broadcasts.test_sending import set_rate
from tests.test_messages.conftest import make_number, number  # noqa: F401 - fixtures

SHOTS = os.environ.get("SHOTS")


def shot(page, name: str) -> None:
    """A picture for people, where a folder is named for it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_from_a_file_to_everybody(open_page, log_in, cast, campaigns, number, make):  # noqa: F811
    make.label(cast.organization_id)
    page = log_in(open_page(), cast.manager, "/app/broadcasts")
    page.get_by_text("Belum ada broadcast").wait_for()
    shot(page, "empty")
    page.get_by_role("link", name="Broadcast baru").first.click()
    page.get_by_label("Nama", exact=True).fill("Promo Akhir Tahun")
    page.get_by_label("Template", exact=True).select_option(label="kirim (id)")
    lines = ["nama,telepon,Pesanan", *(f"Orang {n},{phone},INV-{n}" for n, phone in enumerate(phones(30)))]
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": "\n".join([*lines, "Salah,12,X"]).encode()}
    page.get_by_label("Berkas CSV").set_input_files(file)
    page.get_by_text("30 nomor, 0 ganda, 1 salah").wait_for()
    page.get_by_label("{{2}}").select_option(label="Pesanan")
    expect(page.locator("[data-bubble]")).to_contain_text("Halo Orang 0, pesanan INV-0 sudah")
    assert serious(page) == []
    shot(page, "new")
    page.get_by_role("button", name="Lanjut ke pemeriksaan").click()
    page.get_by_text("Yang dibaca penerima pertama").wait_for()
    page.get_by_text("1 baris berkas salah").wait_for()
    assert serious(page) == []
    shot(page, "draft")
    page.get_by_label("Uji coba ke nomor saya").fill("0812-0000-1111")
    page.get_by_role("button", name="Kirim uji coba").click()
    page.get_by_text("Uji coba sedang dikirim").wait_for()
    set_rate(number, 5)
    page.get_by_role("button", name="Kirim sekarang").click()
    page.get_by_role("dialog").get_by_role("button", name="Kirim sekarang").click()
    page.get_by_role("button", name="Jeda").wait_for()
    page.get_by_text("per detik").first.wait_for()
    page.get_by_role("button", name="Jeda").click()
    page.get_by_role("button", name="Lanjutkan").wait_for()
    shot(page, "paused")
    set_rate(number, 500)
    page.get_by_role("button", name="Lanjutkan").click()
    page.get_by_text("30 dari 30").wait_for()
    assert len({item["to"] for item in number.sent()}) == 31  # and the test
    page.get_by_role("button", name="Segarkan").click()
    page.get_by_label("Penerima").get_by_text("Terkirim").first.wait_for()
    assert serious(page) == []
    shot(page, "done")


@pytest.mark.parametrize(("width", "dark"), [(375, False), (1440, True)])
def test_it_fits_a_phone_and_the_dark(open_page, log_in, cast, campaigns, number, width, dark):  # noqa: F811
    made = campaigns.make(phones(3))
    page = open_page(width=width, dark=dark)
    for name, path in {
        "list": "/app/broadcasts",
        "new": "/app/broadcasts/new",
        "draft": f"/app/broadcasts/{made['id']}",
        "words": "/app/broadcasts/opt-out-words",
    }.items():
        log_in(page, cast.manager, path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert serious(page) == []
        shot(page, f"{name}-{width}-{'dark' if dark else 'light'}")


def test_a_contact_says_whether_it_gets_broadcasts(open_page, log_in, cast, make):
    contact = make.contact(cast.organization_id, "Siti", phone="+6281234500001")
    page = log_in(open_page(), cast.agent, f"/app/contacts/{contact.id}")
    page.get_by_role("button", name="Jangan kirimi broadcast").click()
    page.get_by_text("Tanpa broadcast").wait_for()
    shot(page, "contact")
    page.get_by_role("button", name="Izinkan lagi").click()
    page.get_by_text("Menerima broadcast").wait_for()


def test_a_filter_is_kept_chosen_and_the_draft_changed(open_page, log_in, cast, campaigns, number, make):  # noqa: F811
    for place, phone in enumerate(phones(2)):
        make.contact(cast.organization_id, f"Toko {place}", phone="+62" + phone[1:])
    page = log_in(open_page(), cast.manager, "/app/contacts?q=toko")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("button", name="Simpan filter ini…").click()
    keeping = page.get_by_role("dialog", name="Simpan filter ini")
    keeping.get_by_label("Nama").fill("Semua toko")
    keeping.get_by_role("button", name="Simpan").click()
    page.get_by_text("Filter disimpan.").wait_for()
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("link", name="Semua toko").wait_for()
    assert serious(page) == []
    shot(page, "filter-menu")
    page.goto("/app/broadcasts/new")
    page.get_by_label("Nama", exact=True).fill("Ke toko")
    page.get_by_label("Template", exact=True).select_option(label="kirim (id)")
    page.get_by_role("checkbox", name="Semua toko").check()
    expect(page.locator("[data-filter-count]")).to_have_text("2 kontak")
    page.get_by_text("Paling banyak 2 penerima").wait_for()
    page.get_by_label("{{2}}").select_option(label="Teks tetap")
    page.locator('[name="variables.2"]').fill("INV-1")
    shot(page, "new-filter")
    page.get_by_role("button", name="Lanjut ke pemeriksaan").click()
    page.get_by_role("link", name="Ubah", exact=True).click()
    name = page.get_by_label("Nama", exact=True)
    expect(name).to_have_value("Ke toko")
    expect(page.get_by_role("checkbox", name="Semua toko")).to_be_checked()
    expect(page.locator('[name="variables.2"]')).to_have_value("INV-1")
    assert serious(page) == []
    shot(page, "edit")
    name.fill("Ke semua toko")
    page.get_by_role("button", name="Simpan dan periksa").click()
    page.get_by_role("heading", name="Ke semua toko", level=1).wait_for()
    page.get_by_text("Halo Toko 0, pesanan INV-1 sudah").wait_for()
    shot(page, "changed")
