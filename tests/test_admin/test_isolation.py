"""No screen shows, changes, exports or offers another organization's rows. Covers new screens by itself."""

import pytest

from cloudchat.tenancy import acting_as
from tests.factories import number
from tests.test_admin.conftest import HTML, ROWS

WEIRD_IDS = ["", "-1", "0", "2147483648", "9223372036854775808", "1e3", "1 ", " 1", "١", "abc", "1,2"]
WITHOUT_ID = {"index_view", "create_view", "export", "ajax_lookup", "ajax_update", "action_view", "sync_view"}


def test_every_screen_has_a_row_to_test_with(screens):
    assert {screen.endpoint for screen in screens} == set(ROWS)


@pytest.mark.parametrize("endpoint", ROWS)
def test_lists_searches_and_exports_hold_own_rows_only(endpoint, screen, cast, as_person):
    own, foreign = f"Milik{number()}", f"Asing{number()}"
    item = screen(endpoint)
    item.make(cast.organization_id, own)
    item.make(cast.neighbour_id, foreign)
    admin = as_person(cast.admin)

    page = admin.get(f"{item.url}/", headers=HTML).text
    searched = admin.get(f"{item.url}/?search={foreign}", headers=HTML)
    export = admin.get(f"{item.url}/export/csv/")

    assert own.lower() in page.lower()
    assert foreign.lower() not in page.lower()
    assert searched.status_code == 200
    assert "data-list=" not in searched.text
    assert export.status_code == (200 if item.view.can_export else 404)
    assert foreign.lower() not in export.text.lower()


@pytest.mark.parametrize("endpoint", ROWS)
def test_a_foreign_id_is_not_found_on_any_route(endpoint, screen, app, cast, as_person):
    item = screen(endpoint)
    row_id = item.make(cast.neighbour_id, f"Asing{number()}")
    before = item.row(cast.neighbour_id, row_id)
    admin = as_person(cast.admin)

    for rule in item.rules(app):
        if rule.endpoint.partition(".")[2] in WITHOUT_ID:
            continue
        for method in rule.methods & {"GET", "POST"}:
            call = getattr(admin, method.lower())
            data = {"data": {"id": row_id, "name": "diubah", "active": "no"}} if method == "POST" else {}
            answer = call(f"{rule.rule}?id={row_id}", headers=HTML, **data)
            assert answer.status_code == 404, (method, rule.rule)
    assert item.row(cast.neighbour_id, row_id) == before


@pytest.mark.parametrize("endpoint", ROWS)
def test_one_foreign_id_refuses_a_whole_bulk_action(endpoint, screen, cast, as_person):
    item = screen(endpoint)
    own = item.make(cast.organization_id, f"Milik{number()}")
    foreign = item.make(cast.neighbour_id, f"Asing{number()}")
    before = item.row(cast.organization_id, own), item.row(cast.neighbour_id, foreign)

    for name in {action[0] for action in item.view.bulk_actions} | {"delete"}:
        answer = as_person(cast.admin).post(
            f"{item.url}/action/", data={"action": name, "rowid": [own, foreign]}, headers=HTML
        )
        assert answer.status_code == 404, name

    assert (item.row(cast.organization_id, own), item.row(cast.neighbour_id, foreign)) == before


@pytest.mark.parametrize("endpoint", ROWS)
def test_ids_that_are_none_are_not_found(endpoint, screen, cast, as_person):
    item = screen(endpoint)
    admin = as_person(cast.admin)
    for weird in WEIRD_IDS:
        for page in ("details", "edit"):
            answer = admin.get(f"{item.url}/{page}/", query_string={"id": weird}, headers=HTML)
            assert answer.status_code == 404, (page, weird)
        answer = admin.post(f"{item.url}/delete/", data={"id": weird}, headers=HTML)
        assert answer.status_code == 404, weird
    twice = admin.get(f"{item.url}/edit/?id=1&id=2", headers=HTML)
    assert twice.status_code == 404


@pytest.mark.parametrize("endpoint", ROWS)
def test_choices_hold_own_rows_only(endpoint, screen, app, cast, as_person):
    """Relation fields of forms and choices of filters: neither offered nor taken from outside."""
    item = screen(endpoint)
    names = {}
    for source in ("user", "label", "device"):
        names[source] = f"Asing{number()}"
        screen(source).make(cast.neighbour_id, names[source])
    admin = as_person(cast.admin)

    pages = [admin.get(f"{item.url}/", headers=HTML).text, admin.get(f"{item.url}/new/", headers=HTML).text]

    for name in names.values():
        assert all(name not in page for page in pages)
    with app.test_request_context(headers=cast.admin.headers), acting_as(cast.organization_id):
        for field in item.view._create_form_class():
            if hasattr(field, "query_factory"):
                rows = list(field.query_factory())
                assert {row.organization_id for row in rows} <= {cast.organization_id}


@pytest.mark.parametrize(
    ("endpoint", "field", "source", "fields"),
    [
        ("division", "members", "user", {"name": "Penagihan", "position": "0"}),
        ("contact", "labels", "label", {"name": "Budi"}),
    ],
)
def test_a_foreign_choice_is_refused(endpoint, field, source, fields, screen, cast, as_person):
    item = screen(endpoint)
    foreign = screen(source).make(cast.neighbour_id, f"Asing{number()}")

    answer = as_person(cast.admin).post(f"{item.url}/new/", data={**fields, field: [foreign]}, headers=HTML)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_relation_fields_and_inline_rows_are_all_known(screens):
    """A relation field or an inline form that somebody adds needs a case in the test above."""
    relations = {
        (screen.endpoint, name)
        for screen in screens
        for name, field in screen.view.form_fields.items()
        if "query_factory" in field.kwargs
    }
    assert relations == {("division", "members"), ("contact", "labels")}
    assert not any(screen.view.inline_models or screen.view.form_ajax_refs for screen in screens)
