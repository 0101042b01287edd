"""Lists: search, filters, sorting, pages, exports, and what an address may ask of them."""

import csv
import io
import re

import pytest
from markupsafe import escape

from cloudchat.services import bot_hours
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_admin.conftest import HTML

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}{% import os %}${7*7}#{7}",
    "' OR 1=1--",
    "%_\\",
    "javascript:alert(1)",
]
FORMULAS = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


def rows_of(page: str) -> int:
    return page.count("data-href=")


def test_words_of_a_search_are_no_patterns(cast, as_person):
    for text in ("100% murah", "a_b", "axb", "C:\\x"):
        factories.canned_reply(cast.organization_id, text=text)
    admin = as_person(cast.admin)

    def found(search):
        return rows_of(
            admin.get("/admin/canned-replies/", query_string={"search": search}, headers=HTML).text
        )

    assert (found("%"), found("_"), found("\\"), found("a_b"), found("^a")) == (1, 1, 1, 1, 0)
    assert found("' OR 1=1--") == 0
    assert found("") == 4


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_shown_as_they_are(text, screens, cast, as_person):
    admin = as_person(cast.admin)
    for screen in screens:
        if screen.endpoint == "invitation":
            continue  # an e-mail address is checked; the name is the same column kind as elsewhere
        row_id = screen.make(cast.organization_id, text)
        assert str(escape(text)) in admin.get(f"{screen.url}/", headers=HTML).text, screen.endpoint
        pages = ("", "?search=xyz<script>", f"details/?id={row_id}", f"edit/?id={row_id}")
        for page in pages:
            shown = admin.get(f"{screen.url}/{page}", headers=HTML).text
            for raw in ("<script>alert", "<img src=x", "xyz<script>", 'href="javascript:'):
                assert raw not in shown, (screen.endpoint, page)


def test_sorting_is_by_named_columns_only(screens, cast, as_person):
    admin = as_person(cast.admin)
    for screen in screens:
        for sort in ("0", "1", "99", "-1", "name;drop table users", "1e9", ""):
            answer = admin.get(f"{screen.url}/", query_string={"sort": sort, "desc": "1"}, headers=HTML)
            assert answer.status_code == 200, (screen.endpoint, sort)


def test_a_list_sorts_both_ways(cast, as_person):
    for name in ("b", "a", "c"):
        factories.label(cast.organization_id, name)
    admin = as_person(cast.admin)

    def order(query):
        page = admin.get(f"/admin/labels/?{query}", headers=HTML).text
        return sorted("abc", key=lambda name: page.index(f'data-name="{name}"'))

    assert (order("sort=0"), order("sort=0&desc=1")) == (["a", "b", "c"], ["c", "b", "a"])


@pytest.mark.parametrize(
    "query",
    [
        {"page": "99999999999999999999"},
        {"page": "-5"},
        {"page": "abc"},
        {"page_size": "1000000"},
        {"search": "a\0b"},
        {"search": "x" * 5000},
        {"flt_from": "0001-01-01", "flt_until": "9999-12-31"},
        {"flt_from": "gestern", "flt_action": "no.such", "flt_user": "1 or 1=1"},
        {"flt0_0": "1", "flt_": "1", "flt": "1"},
    ],
)
def test_nonsense_in_the_address_is_harmless(query, screens, cast, as_person):
    for screen in screens:
        answer = as_person(cast.admin).get(f"{screen.url}/", query_string=query, headers=HTML)
        assert answer.status_code == 200, (screen.endpoint, query)


def test_an_address_cannot_steer_the_links(screens, cast, as_person):
    hostile = {"_scheme": "javascript", "_external": "1", "_anchor": "x", "_method": "POST", "foo": "bar"}
    for screen in screens:
        screen.make(cast.organization_id, f"Baris{factories.number()}")
        page = as_person(cast.admin).get(f"{screen.url}/", query_string=hostile, headers=HTML).text
        assert "javascript:" not in page
        assert "foo=bar&amp;sort" not in page


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"]
)
def test_the_way_back_stays_here(target, cast, as_person):
    label = factories.label(cast.organization_id)
    answer = as_person(cast.admin).post(
        f"/admin/labels/edit/?id={label.id}",
        data={"name": "Lain", "color": "#112233", "url": target},
        headers=HTML,
    )
    assert answer.status_code == 302
    assert answer.location == "/admin/labels/"


def test_empty_and_filtered_empty_differ(screens, cast, as_person):
    neighbour = as_person(cast.stranger)  # an organization that has nothing yet

    def title(url):
        page = neighbour.get(url, headers=HTML).text
        found = re.search(r'class="empty-title">([^<]+)<', page)
        return found and found.group(1)

    for screen in screens:
        if screen.endpoint == "user":
            continue  # never empty: somebody made the organization
        empty, filtered = title(f"{screen.url}/"), title(f"{screen.url}/?search=zzz")
        assert empty and filtered and empty != filtered, screen.endpoint


def test_pages_and_their_size(cast, as_person):
    for _ in range(27):
        factories.label(cast.organization_id)
    admin = as_person(cast.admin)
    first = admin.get("/admin/labels/", headers=HTML).text
    second = admin.get("/admin/labels/?page=1", headers=HTML).text
    whole = admin.get("/admin/labels/?page_size=50", headers=HTML).text
    assert (rows_of(first), rows_of(second), rows_of(whole)) == (25, 2, 27)
    assert 'aria-current="page">2<' in second


def test_the_number_of_statements_does_not_grow_with_the_list(cast, as_person, counted):
    def statements():
        with counted() as seen:
            as_person(cast.admin).get("/admin/contacts/", headers=HTML)
        return len(seen)

    factories.contact(cast.organization_id)
    statements()  # the token notes its first use
    few = statements()
    for _ in range(20):
        factories.contact(cast.organization_id)
    assert statements() == few


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_export_runs_in_a_spreadsheet(formula, screens, cast, as_person):
    for screen in screens:
        if not screen.view.can_export:
            continue
        screen.make(cast.organization_id, formula)
        text = as_person(cast.admin).get(f"{screen.url}/export/csv/").text
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert any(formula.strip() in cell for cell in cells), screen.endpoint
        for cell in cells:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), (screen.endpoint, cell)


def test_an_export_keeps_the_filters_and_no_secrets(cast, as_person):
    factories.contact(cast.organization_id, "Ani", phone="+62811")
    factories.contact(cast.organization_id, "Budi", phone="+62812")
    answer = as_person(cast.admin).get("/admin/contacts/export/csv/?search=Ani")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "Ani" in answer.text
    assert "Budi" not in answer.text
    users = as_person(cast.admin).get("/admin/users/export/csv/").text
    assert "argon2" not in users
    assert "cc_" not in users


def test_hours_are_found_by_the_name_of_their_bot_alone(cast, as_person):
    for name in ("Alfa", "Beta"):
        row = factories.bot(cast.organization_id, name=name)
        with acting_as(cast.organization_id):
            bot_hours.add(row.id, {"day_of_week": 1, "start_time": "08:00", "end_time": "09:00"})
    page = as_person(cast.admin).get("/admin/bot-hours/?search=alfa", headers=HTML).text
    assert rows_of(page) == 1
