"""Webhooks and data in the settings, in a real browser: the main ways through, and what axe finds."""

from playwright.sync_api import expect

from tests.browser import axe


def test_a_webhook_is_made_tried_and_looked_at(cast, receiver, open_page, log_in):
    page = log_in(open_page(), cast.admin, "/app/settings/webhooks")
    expect(page.get_by_text("Belum ada webhook")).to_be_visible()
    page.get_by_role("link", name="Tambah webhook").click()
    page.get_by_label("Alamat").fill("http://127.0.0.1/x")
    page.get_by_label("Pesan masuk atau ditulis").check()
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("Alamat ini tidak dapat dipanggil")).to_be_visible()
    page.get_by_label("Alamat").fill(receiver.url)
    assert axe.serious(page) == []
    page.get_by_role("button", name="Simpan").click()
    assert len(page.get_by_label("Secret", exact=True).input_value()) > 30
    assert axe.serious(page) == []
    page.get_by_role("button", name="Kirim uji coba").click()
    row = page.locator("#webhook-log tbody tr").first
    expect(row).to_contain_text("Tersampaikan")  # by itself, without a reload
    row.get_by_role("link").click()
    expect(page.get_by_role("button", name="Kirim ulang")).to_be_visible()
    assert axe.serious(page) == []


def test_periods_are_counted_before_they_are_saved(cast, open_page, log_in):
    page = log_in(open_page(width=375, height=800), cast.admin, "/app/settings/data")
    page.locator("[name=messages_days]").fill("7")
    page.get_by_role("button", name="Hitung dan lanjutkan").click()
    expect(page.get_by_text("Pilih 30 sampai 3.650 hari").first).to_be_visible()
    page.locator("[name=messages_days]").fill("365")
    page.get_by_role("button", name="Hitung dan lanjutkan").click()
    expect(page.get_by_text("Pesan: 0")).to_be_visible()
    page.get_by_role("button", name="Simpan masa simpan ini").click()
    expect(page.locator("[name=messages_days]")).to_have_value("365")
    page.get_by_role("button", name="Ekspor organisasi").click()
    expect(page.get_by_role("link", name="Unduh")).to_be_visible()  # made by a worker, shown by itself
    assert axe.serious(page) == []
