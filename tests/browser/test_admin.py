"""The admin screens and the operator's area in a browser: forms, lists, keyboard, phone, dark, axe."""

import re

import pytest

from cloudchat.extensions import db
from cloudchat.models import Label
from cloudchat.tenancy import acting_as
from tests import factories
from tests.browser.axe import serious

HOSTILE = "<img src=x onerror=alert(1)>"
SCREENS = (
    "/app/settings/general",
    "/app/settings/api",
    "/app/settings/security",
    "/admin/users/",
    "/admin/invitations/",
    "/admin/invitations/new/",
    "/admin/divisions/",
    "/admin/divisions/new/",
    "/admin/devices/",
    "/admin/devices/new/",
    "/admin/devices/new/?type=wa_official",
    "/admin/devices/new/?type=webchat",
    "/admin/canned-replies/",
    "/admin/labels/",
    "/admin/labels/?search=tidak-ada",
    "/admin/labels/new/",
    "/admin/contacts/",
    "/admin/contacts/new/",
    "/admin/audit/",
    "/admin/events/",
    "/operator/",
    "/operator/organizations/new",
    "/operator/health",
)


@pytest.fixture
def admin(context):
    """An admin who is the operator too, in an organization with a few rows."""
    organization_id = factories.organization("Toko Uji")
    person = factories.person(
        organization_id, "admin", "Rina Uji", password=factories.PASSWORD, is_operator=True
    )
    factories.person(organization_id, "agent", "Ani Agen")
    factories.device(organization_id, "webchat", name="Web Toko")
    for name in ("Keluhan", "Prospek", HOSTILE):
        factories.label(organization_id, name)
    factories.canned_reply(organization_id)
    factories.division(organization_id, "Penagihan")
    factories.contact(organization_id, "Budi Santoso", phone="+6281234567890")
    return person


@pytest.fixture
def page(open_page, log_in, admin):
    """A page of the admin at the settings; errors of its scripts fail the test."""
    made = open_page()
    problems = []
    made.on("pageerror", lambda error: problems.append(str(error)))
    made.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    log_in(made, admin, "/app/settings/security")
    problems.clear()
    yield made
    # A refused form answers 422, and the browser writes that to its console
    assert [line for line in problems if "status of 422" not in line] == []


def labels_of(person) -> list[str]:
    with acting_as(person.organization_id):
        return sorted(db.session.scalars(db.select(Label.name)))


def test_a_label_is_added_with_an_error_on_the_way(page, admin):
    page.goto("/admin/labels/")
    page.click("a[href^='/admin/labels/new/']")
    page.click("form.admin-form button[type=submit]:not([name])")
    assert page.locator("#name").evaluate("element => element === document.activeElement")
    assert page.locator("#name[aria-invalid=true]").is_visible()
    assert "/new/" in page.url

    page.fill("#name", "VIP")
    page.click("form.admin-form button[type=submit]:not([name])")
    page.wait_for_url("**/admin/labels/")
    assert page.locator(".alert-success").is_visible()
    assert "VIP" in labels_of(admin)


def test_leaving_with_unsaved_changes_asks(page):
    page.goto("/admin/labels/new/")
    page.fill("#name", "Belum disimpan")
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.click("form.admin-form a.btn-ghost")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.input_value("#name") == "Belum disimpan"


def test_selected_rows_are_deleted_after_a_question_that_names_them(page, admin):
    page.goto("/admin/labels/")
    bar = page.locator("[data-bulk]")
    assert bar.is_hidden()
    page.get_by_label(HOSTILE).check()
    page.locator("[data-check]").nth(1).check()
    assert "2" in bar.inner_text()
    assert page.locator("[data-check-all]").evaluate("box => box.indeterminate")

    bar.locator("button[value=delete]").click()
    dialog = page.locator("dialog[open]")
    assert HOSTILE in dialog.inner_text()
    dialog.locator("button:not(.btn-danger):not([data-dialog-close])").click()
    assert len(labels_of(admin)) == 3

    bar.locator("button[value=delete]").click()
    page.locator("dialog[open] .btn-danger").click()
    page.locator(".alert-success").wait_for()
    assert len(labels_of(admin)) == 1


def test_a_row_opens_by_click_and_by_keyboard(page):
    page.goto("/admin/canned-replies/")
    page.locator("tr[data-href] td").last.click()
    page.wait_for_url("**/edit/**")
    page.go_back()
    page.locator("a.row-link").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit/**")


def test_filters_apply_by_themselves_and_live_in_the_address(page):
    page.goto("/admin/users/")
    page.select_option("select[name=flt_role]", "agent")
    page.wait_for_url("**flt_role=agent**")
    assert "search=" not in page.url
    assert page.locator("tr[data-href]").count() == 1
    page.fill(".filter-bar input[type=search]", "tidak ada")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=tidak**")
    assert page.locator(".empty").is_visible()


def test_columns_are_hidden_and_stay_hidden(page):
    page.goto("/admin/devices/")
    page.click("[data-menu=columns-menu]")
    page.uncheck("[data-column-toggle=last_in_at]")
    assert page.locator("th[data-column=last_in_at]").is_hidden()
    page.reload()
    assert page.locator("th[data-column=last_in_at]").is_hidden()
    assert page.locator("th[data-column=status]").is_visible()


def test_a_web_chat_is_connected_tested_and_removed(page):
    page.goto("/admin/devices/")
    page.click("a[href^='/admin/devices/new/']")
    page.click("a[href*='type=webchat']")
    page.fill("#name", "Chat baru")
    page.click("form.admin-form button[type=submit]")
    page.wait_for_url("**/details/**")
    assert "/chat/" in page.input_value("#chat-url")
    assert "widget.js" in page.input_value("#snippet")

    page.click("form[hx-post] button")
    page.locator("#check-result .alert-success").wait_for()

    page.click("form.danger-zone button")
    assert "Chat baru" in page.locator("dialog[open]").inner_text()
    page.locator("dialog[open] .btn-danger").click()
    page.wait_for_url(re.compile("/admin/devices/$"))
    assert page.get_by_role("cell", name="Chat baru").count() == 0


def test_an_invited_person_joins(page, open_page):
    page.goto("/admin/invitations/new/")
    page.fill("#email", f"baru{factories.number()}@contoh.test")
    page.click("form.admin-form button[type=submit]")
    link = page.input_value("#secret")

    guest = open_page()
    guest.goto(link)
    guest.fill("input[name=name]", "Baru Datang")
    guest.fill("input[name=password]", "kata-sandi-panjang")
    guest.click("button[type=submit]")
    guest.wait_for_url("**/app/inbox**")
    page.goto("/admin/users/?search=Baru+Datang")
    assert page.locator("tr[data-href]").count() == 1


def test_an_operator_acts_and_stops(page, cast):
    label = factories.label(cast.neighbour_id, f"Milik{factories.number()}")
    page.goto(f"/operator/organizations/{cast.neighbour_id}")
    page.fill("#f-reason", "Tiket 4711")
    page.click("form[action$='/act'] button")
    page.wait_for_url("**/app/inbox**")
    page.goto("/admin/labels/")
    assert page.get_by_text(label.name).is_visible()
    assert page.locator(".banner").is_visible()

    page.click(".banner button")
    page.wait_for_url(f"**/operator/organizations/{cast.neighbour_id}")
    assert page.locator(".banner").count() == 0


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (375, False)])
def test_every_screen_is_accessible_and_fits(width, dark, open_page, log_in, admin, tmp_path):
    page = open_page(width=width, height=740 if width < 768 else 900, dark=dark)
    problems = []
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    log_in(page, admin, "/app/settings/security")
    problems.clear()
    found = {}
    for url in SCREENS:
        page.goto(url)
        wide = page.evaluate(
            "document.querySelector('.main').scrollWidth - document.querySelector('.main').clientWidth"
        )
        found[url] = [*serious(page), *problems, *([f"{wide} px too wide"] if wide > 0 else [])]
        problems.clear()
    assert {url: lines for url, lines in found.items() if lines} == {}
