"""Templates in the browser: fetched by the button, built beside a phone, refused in words, our own."""

import os
from datetime import timedelta

import pytest

from blueprints.meta_templates.pages import PAGE
from cloudchat.extensions import db, now
from cloudchat.models import MetaTemplate
from cloudchat.tenancy import acting_as
from tests.browser.axe import serious
from tests.test_templates.conftest import Waba, make_waba, parts, waba  # noqa: F401

CHANGED = "document.body.dispatchEvent(new CustomEvent('template-changed'))"
SHOTS = os.environ.get("SHOTS")


def shot(page, name: str) -> None:
    """A picture for people, where a folder is named for it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_the_list_is_fetched_and_changes_by_itself(open_page, log_in, cast, waba):  # noqa: F811
    waba.add("pesanan_dikirim", components=parts(), quality="YELLOW")
    made = waba.add("promo_akhir_pekan", status="PENDING", category="MARKETING")
    page = log_in(open_page(), cast.manager, "/app/settings/templates")
    page.get_by_text("Belum ada template").wait_for()
    shot(page, "empty")
    page.get_by_role("button", name="Ambil sekarang").click()
    row = page.get_by_role("row", name="promo_akhir_pekan")
    row.get_by_text("Sedang ditinjau").wait_for()
    waba.control("PATCH", "templates/settings", {"webhooks": True})
    waba.control("PATCH", f"templates/{made['id']}", {"status": "REJECTED", "reason": "INVALID_FORMAT"})
    row.get_by_text("Ditolak").wait_for()
    assert serious(page) == []
    shot(page, "list")
    page.get_by_label("Cari nama atau teks").fill("pesanan")
    row.wait_for(state="detached")
    page.get_by_role("link", name="pesanan_dikirim").click()
    page.get_by_text("Template yang disetujui tidak dapat diubah").wait_for()
    assert page.get_by_role("link", name="Ubah", exact=True).count() == 0
    shot(page, "show")
    page.get_by_role("link", name="Duplikat sebagai baru").click()
    assert page.get_by_label("Nama").input_value() == "pesanan_dikirim_2"
    assert page.get_by_label("Contoh untuk {{2}}").input_value() == "INV-1"


@pytest.fixture
def approved(cast, waba):  # noqa: F811
    """More than a page of templates, as rows of ours."""
    facts = {"language": "id", "category": "UTILITY", "status": "APPROVED", "components": parts()}
    with acting_as(cast.organization_id):
        names = [f"kirim_{number:02}" for number in range(PAGE + 2)]
        rows = [MetaTemplate(waba_id=waba.id, name=name, **facts) for name in names]
        db.session.add_all(rows)
        db.session.commit()
    return rows


def test_the_list_goes_on_and_misses_no_change(open_page, log_in, cast, approved, eventually):
    page = log_in(open_page(), cast.manager, "/app/settings/templates")
    first, last = (page.get_by_role("row", name=approved[place].name) for place in (0, -1))
    page.get_by_role("row").last.scroll_into_view_if_needed()
    last.wait_for()
    # One more change while the list is asked for because of another
    asked = []

    def hold_the_first(route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/app/settings/templates*", hold_the_first)
    page.evaluate(CHANGED)
    eventually(lambda: page.evaluate("true") and asked)
    before = asked[0].fetch()
    with acting_as(cast.organization_id):
        db.session.get(MetaTemplate, approved[0].id).status = "REJECTED"
        db.session.commit()
    page.evaluate(CHANGED)
    asked[0].fulfill(response=before)
    first.get_by_text("Ditolak").wait_for()


def test_the_builder_checks_while_typing_and_sends(open_page, log_in, cast, waba):  # noqa: F811
    page = log_in(open_page(), cast.manager, "/app/settings/templates/new")
    page.get_by_label("Nama").fill("Promo Baru")
    page.get_by_text("Pakai huruf kecil, angka, dan _").wait_for()
    page.get_by_label("Nama").fill("promo_baru")
    body = page.get_by_label("Isi pesan")
    body.fill("{{1}} halo")
    page.get_by_text("Teks tidak boleh diawali atau diakhiri variabel").wait_for()
    body.fill("Halo ")
    page.get_by_role("button", name="Tambah variabel").click()
    body.press("End")
    body.type(", pesanan Anda sudah kami kirim hari ini.")
    page.get_by_label("Contoh untuk {{1}}").fill("Budi")
    phone = page.locator("[data-phone]")
    phone.get_by_text("Halo Budi, pesanan Anda").wait_for()
    page.get_by_role("button", name="Balasan cepat").click()
    page.get_by_label("Label").fill("Lacak")
    phone.get_by_text("Lacak").wait_for()
    assert serious(page) == []
    shot(page, "builder")
    waba.fault("error", edge="message_templates", code=368)
    page.get_by_role("button", name="Kirim ke Meta").click()
    page.locator("[data-refusal]").get_by_text("Temporarily blocked").wait_for()
    shot(page, "refused")
    page.get_by_role("button", name="Kirim ke Meta").click()
    page.get_by_text("Meta sedang meninjaunya").wait_for()
    [there] = waba.there()
    assert there["name"] == "promo_baru"
    assert there["components"][1]["buttons"] == [{"type": "QUICK_REPLY", "text": "Lacak"}]


@pytest.mark.parametrize(("width", "dark"), [(375, False), (1440, True)])
def test_it_fits_a_phone_and_the_dark(open_page, log_in, cast, waba, width, dark):  # noqa: F811
    waba.add("pesanan_dikirim", components=parts())
    waba.sync()
    page = log_in(open_page(width=width, dark=dark), cast.manager, "/app/settings/templates")
    page.get_by_role("link", name="pesanan_dikirim").wait_for()
    shot(page, f"list-{width}-{dark}")
    page.goto(f"/app/settings/templates/new?copy={waba.rows()['pesanan_dikirim'].id}")
    page.locator("[data-phone]").get_by_text("Halo Budi").wait_for()
    shot(page, f"builder-{width}-{dark}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert serious(page) == []


def test_our_own_are_kept(open_page, log_in, cast):
    page = log_in(open_page(), cast.manager, "/app/settings/message-templates")
    page.get_by_role("link", name="Template pesan baru").first.click()
    page.get_by_label("Nama").fill("Salam")
    page.get_by_label("Teks").fill("Halo {nama}!")
    shot(page, "own-form")
    page.get_by_role("button", name="Simpan").click()
    page.get_by_role("link", name="Salam").wait_for()
    assert serious(page) == []
    shot(page, "own")


def test_a_template_answers_after_the_window_has_closed(open_page, log_in, cast, make, waba):  # noqa: F811
    document = {"type": "HEADER", "format": "DOCUMENT", "example": {"header_handle": ["4::contoh"]}}
    waba.add("pesanan_dikirim", components=[document, *parts()])
    waba.sync()
    row = make.conversation(waba.organization_id, waba.device, last_inbound_at=now() - timedelta(days=3))
    page = log_in(open_page(), cast.agent, f"/app/inbox/{row.id}")
    page.get_by_text("Kirim template yang disetujui sekarang").wait_for()
    page.get_by_role("button", name="Kirim template").and_(page.locator(".btn-primary")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="pesanan_dikirim").click()
    dialog.get_by_label("Isi untuk 1").fill("Sari")
    dialog.get_by_role("button", name="Kirim", exact=True).click()
    dialog.locator(".invalid-feedback").first.wait_for()
    dialog.get_by_label("Isi untuk 2").fill("INV-7")
    bill = {"name": "INV-7.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n" + bytes(2000)}
    dialog.get_by_label("Dokumen header").set_input_files(bill)
    shot(page, "picker")
    assert serious(page) == []
    dialog.get_by_role("button", name="Kirim", exact=True).click()
    page.locator(".msg-out").get_by_text("Halo Sari, pesanan INV-7").wait_for()
    page.locator(".msg-out").get_by_text("INV-7.pdf").wait_for()
    shot(page, "sent")
