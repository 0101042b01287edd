"""Who gets in: roles, CSRF tokens, methods. Every route of every screen, also of those added later."""

import pytest

from tests.factories import PASSWORD, organization, person
from tests.test_admin.conftest import HTML


@pytest.fixture
def routes(app, screens):
    """(method, address) of every admin route."""
    prefixes = tuple(f"{screen.endpoint}." for screen in screens)
    return [
        (method, rule.rule.replace("<export_type>", "csv"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith((*prefixes, "admin."))
        for method in sorted(rule.methods & {"GET", "POST"})
    ]


def test_a_stranger_is_sent_to_the_login(routes, client):
    for method, url in routes:
        answer = client.open(url, method=method, headers=HTML)
        assert answer.status_code == 302, (method, url)
        assert answer.location.startswith("/login"), (method, url)


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_only_admins_get_in(role, routes, cast, as_person):
    caller = as_person(getattr(cast, role))
    for method, url in routes:
        answer = getattr(caller, method.lower())(url, headers=HTML)
        assert answer.status_code == 403, (method, url)


def test_a_deactivated_admin_is_a_stranger(make, as_person, client):
    gone = person(organization(), "admin", is_active=False)
    assert as_person(gone).get("/admin/labels/", headers=HTML).status_code == 302


def test_posts_need_the_token_of_the_session(routes, home, browser):
    mine = browser(home)
    for method, url in routes:
        if method == "POST":
            assert mine.post(url, token="").status_code == 403, url
            assert mine.post(url, token="falsch").status_code == 403, url


def test_another_sessions_token_is_refused(home, browser):
    other = browser(person(home.organization_id, "admin", password=PASSWORD))
    answer = browser(home).post("/admin/labels/new/", {"name": "A", "color": "#000000"}, other.token)
    assert answer.status_code == 403


@pytest.mark.parametrize("page", ["delete", "action", "ajax/update"])
def test_nothing_is_deleted_by_get(page, screens, cast, as_person):
    for screen in screens:
        answer = as_person(cast.admin).get(f"{screen.url}/{page}/?id=1&rowid=1", headers=HTML)
        assert answer.status_code == 405, screen.endpoint


def test_every_route_names_its_door(app, screens):
    for screen in screens:
        for rule in screen.rules(app):
            assert app.view_functions[rule.endpoint].door == "admin", rule.rule
    assert app.view_functions["admin.index"].door == "admin"


def test_no_script_of_the_library_is_served(app, client):
    """Flask-Admin's own files (Bootstrap, jQuery) have no address here."""
    for path in ("admin/js/filters.js", "vendor/jquery.min.js", "bootstrap/bootstrap4/css/bootstrap.css"):
        assert client.get(f"/admin/static/{path}").status_code == 404


def test_pages_hold_nothing_inline(screens, cast, as_person):
    for screen in screens:
        for page in ("", "new/"):
            text = as_person(cast.admin).get(f"{screen.url}/{page}", headers=HTML).text
            for banned in ("onclick", "javascript:", " style=", "<style", "bootstrap", "jquery"):
                assert banned not in text, (screen.url, page, banned)
