"""The contacts pages in a browser: search, selection, editing, import from file to list, merging."""

import re

import pytest
from playwright.sync_api import expect

from cloudchat.extensions import db
from cloudchat.models import Contact
from cloudchat.services import contact_bulk
from cloudchat.tenancy import acting_as
from tests import factories
from tests.browser.conftest import until_it_hears

SHEET = (
    "Nama;No. HP;Email;Label;Kota\n"
    + "".join(f"Pelanggan {i};0812555{i:05};p{i}@contoh.com;VIP;Bandung\n" for i in range(60))
    + "Salah;abc;;;\nGanda;081255500001;;;\n=1+1;081299988877;;;\n"
)
HOSTILE = '<img src=x onerror=alert(1)>"'


@pytest.fixture
def crowd(cast):
    """Enough contacts for two pages, one of them hostile, and a label."""
    factories.label(cast.organization_id, "VIP", "#7c3aed")
    with acting_as(cast.organization_id):
        db.session.add_all(
            Contact(name=f"Orang {n:03}", phone=f"+62812777{n:05}", custom_fields={}) for n in range(70)
        )
        db.session.add(Contact(name=HOSTILE, custom_fields={}))
        db.session.commit()
    return cast


def rows(page):
    return page.locator("#contact-rows tr[data-href]")


def test_search_scroll_and_open(crowd, sign_in):
    page = sign_in(crowd.agent, "/app/contacts")
    page.locator(".load-row").scroll_into_view_if_needed()
    expect(rows(page)).to_have_count(71)
    ids = page.locator("#contact-rows tr[data-href]").evaluate_all("rows => rows.map(row => row.id)")
    assert len(set(ids)) == 71
    page.fill("#contact-q", "orang 042")
    expect(rows(page)).to_have_count(1)
    assert "q=orang%20042" in page.url
    page.fill("#contact-q", "tidak ada")
    page.locator("#contact-list .empty").wait_for()
    page.go_back()
    expect(rows(page)).to_have_count(1)
    page.locator("#contact-rows tr td:nth-child(3)").click()
    page.wait_for_url(re.compile(r"/app/contacts/\d+$"))
    assert page.problems == []


def test_select_label_export_delete(crowd, sign_in):
    page = sign_in(crowd.admin, "/app/contacts?sort=-created")
    first, third = rows(page).nth(0).locator("input"), rows(page).nth(2).locator("input")
    first.check()
    third.click(modifiers=["Shift"])
    assert page.locator("#contact-rows input:checked").count() == 3
    page.click("[data-menu=bulk-add]")
    page.click("[data-bulk-label=add]")
    expect(page.locator("#contact-rows .label-chip")).to_have_count(3)
    assert page.locator("#contact-rows input:checked").count() == 3, "the selection stays"
    with page.expect_download() as download:
        page.click("[data-menu=bulk-export]")
        page.click("[data-bulk-export=csv]")
    assert len(download.value.path().read_text().splitlines()) == 4
    page.click("[data-bulk-delete]")
    assert "3" in page.locator("dialog[open] .dialog-body").inner_text()
    page.click("dialog[open] .btn-danger")
    expect(page.locator("#contact-rows .label-chip")).to_have_count(0)
    assert page.locator("#contact-bulk").is_hidden()
    with acting_as(crowd.organization_id):
        assert db.session.query(Contact).count() == 68
    assert page.problems == []


def test_add_with_errors_then_edit(crowd, sign_in):
    page = sign_in(crowd.agent, "/app/contacts")
    page.keyboard.press("c")
    page.fill("#new-contact #f-phone", "abc")
    page.click("#new-contact [type=submit]")
    page.locator("#new-contact .invalid-feedback").wait_for()
    assert page.input_value("#new-contact #f-phone") == "abc"
    page.fill("#new-contact #f-phone", "0812-9999-0000")
    page.fill("#new-contact #f-name", "Ani Baru")
    page.click("#new-contact [data-pair-add]")
    page.fill("#new-contact [name=field_name]", "Kota")
    page.fill("#new-contact [name=field_value]", "Medan")
    page.click("#new-contact [type=submit]")
    page.wait_for_url(re.compile(r"/app/contacts/\d+$"))
    assert "Medan" in page.inner_text("#details")
    page.keyboard.press("e")
    page.fill("#details #f-name", "Ani Lama")
    page.click("#details [data-pair-remove]")
    page.click("#details [type=submit]")
    expect(page.locator("#details h2")).to_have_text("Ani Lama")
    assert "Medan" not in page.inner_text("#details")
    assert page.problems == []


def test_what_a_colleague_changes_appears(crowd, sign_in):
    made = factories.contact(crowd.organization_id, "Lama")
    page = sign_in(crowd.agent, f"/app/contacts/{made.id}")
    other = sign_in(crowd.colleague, f"/app/contacts/{made.id}")
    until_it_hears(page)
    other.keyboard.press("e")
    other.fill("#details #f-name", "Baru")
    other.click("#details [type=submit]")
    expect(page.locator("#details h2")).to_have_text("Baru")


def test_import_from_file_to_list(cast, sign_in):
    page = sign_in(cast.manager, "/app/contacts")
    page.click("a[href='/app/contacts/import'] >> nth=0")
    page.set_input_files("#f-file", files=[_file("salah.xlsx", b"PK\x03\x04")])
    page.click("form.card [type=submit]")
    page.locator("#f-file-error").wait_for()
    page.set_input_files("#f-file", files=[_file("pelanggan.csv", SHEET.encode("utf-16"))])
    assert page.inner_text("[data-drop-name]") == "pelanggan.csv"
    page.click("form.card [type=submit]")
    page.wait_for_url(re.compile(r"/app/contacts/imports/\d+$"))
    assert page.locator(".figures b").all_inner_texts() == ["61", "0", "1", "1"]
    page.select_option("#column-5", "skip")
    expect(page.locator("#import table th:nth-child(7)")).to_have_count(0)
    page.click("#import [hx-post$='/start']")
    page.locator("#import a.btn-primary").wait_for(timeout=30_000)
    assert page.locator(".figures b").all_inner_texts() == ["61", "0", "2"]
    with page.expect_download() as download:
        page.click("a[href$='/errors']")
    assert "abc" in download.value.path().read_text()
    page.click("#import .btn-primary")
    page.fill("#contact-q", "Pelanggan")
    expect(rows(page)).to_have_count(50)
    assert page.problems == []


def _file(name, content):
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def test_merge(cast, sign_in):
    device = factories.device(cast.organization_id)
    one = factories.conversation(cast.organization_id, device, name="Budi Santoso")
    factories.message(one, "pertama")
    two = factories.conversation(cast.organization_id, device, name="Budi S")
    factories.message(two, "kedua")
    page = sign_in(cast.manager, f"/app/contacts/{two.contact_id}")
    page.click(f"a[href='/app/contacts/{two.contact_id}/merge']")
    page.fill("#merge-q", "santoso")
    page.locator("#candidates .history-row").wait_for()
    page.click("#candidates .history-row")
    page.locator("#preview-title").wait_for()
    assert "pertama" in page.inner_text(".consequences")
    page.click(".merge form [type=submit]:not([data-dialog-close])")
    page.click("dialog[open] .btn-danger")
    page.wait_for_url(re.compile(rf"/app/contacts/{two.contact_id}$"))
    assert page.locator(".history a.history-row").count() == 2
    with acting_as(cast.organization_id):
        assert db.session.query(Contact).count() == 1


def test_deleting_names_what_goes(cast, sign_in):
    row = factories.conversation(cast.organization_id)
    factories.message(row)
    factories.message(row)
    with acting_as(cast.organization_id):
        assert contact_bulk.consequences([row.contact_id])["messages"] == 2
    page = sign_in(cast.admin, f"/app/contacts/{row.contact_id}")
    page.click("[data-menu=contact-more]")
    page.click("[data-dialog-open=delete-contact]")
    assert "2" in page.inner_text("#delete-contact li:nth-child(2)")
    page.click("#delete-contact .btn-danger")
    page.wait_for_url("**/app/contacts")
    page.locator(".alert-success").wait_for()


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (375, False)])
def test_nothing_serious_for_axe(crowd, sign_in, serious_findings, width, dark):
    person = factories.person(crowd.organization_id, "admin")
    with acting_as(crowd.organization_id):
        found = db.session.query(Contact).filter_by(name=HOSTILE).one()
    page = sign_in(person, "/app/contacts", width=width, height=900, dark=dark)
    rows(page).nth(0).locator("input").check()
    assert serious_findings(page) == []
    for path in (
        "/app/contacts?q=tidak-ada",
        f"/app/contacts/{found.id}",
        f"/app/contacts/{found.id}/merge?q=orang",
        "/app/contacts/import",
        "/app/dashboard",
    ):
        page.goto(path)
        assert serious_findings(page) == [], path
    page.goto(f"/app/contacts/{found.id}")
    page.click("[hx-get$='/edit']")
    page.locator("#details #f-name").wait_for()
    assert serious_findings(page) == []
    page.goto("/app/contacts/import")
    page.set_input_files("#f-file", files=[_file("a.csv", SHEET.encode())])
    page.click("form.card [type=submit]")
    page.wait_for_url(re.compile(r"/app/contacts/imports/\d+$"))
    assert serious_findings(page) == []
    overflow = page.evaluate(
        "document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth"
    )
    assert overflow <= 0
    assert page.problems == []
