"""The settings' own pages: general, API tokens, security."""

import re

import pytest
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import ApiToken, AuditEntry, Organization, UserSession
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_admin.conftest import HTML, browser, home

__all__ = ["browser", "home"]  # fixtures

ADMIN_PAGES = ("/app/settings/general", "/app/settings/api")


def organization_of(person) -> Organization:
    with acting_as(person.organization_id):
        return db.session.get(Organization, person.organization_id)


def test_the_settings_open_at_the_first_page_of_each_role(cast, as_person):
    assert as_person(cast.admin).get("/app/settings", headers=HTML).location == "/app/settings/general"
    assert as_person(cast.agent).get("/app/settings", headers=HTML).location == "/app/settings/security"


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_admin_pages_are_for_admins(role, cast, as_person):
    for page in ADMIN_PAGES:
        assert as_person(getattr(cast, role)).get(page, headers=HTML).status_code == 403


def test_the_list_shows_each_role_its_own_entries(cast, as_person):
    page = as_person(cast.agent).get("/app/settings/security", headers=HTML).text
    assert "/admin/" not in page
    assert "/app/settings/general" not in page
    page = as_person(cast.admin).get("/app/settings/security", headers=HTML).text
    for url in ("users", "devices", "labels", "canned-replies", "divisions", "audit", "events", "contacts"):
        assert f'href="/admin/{url}/"' in page


def test_the_organization_is_renamed_and_moved(home, browser):
    answer = browser(home).post(
        "/app/settings/general", {"name": "Toko Lain", "timezone": "Asia/Jayapura", "locale": "en"}
    )
    assert answer.status_code == 302
    row = organization_of(home)
    assert (row.name, row.timezone, row.locale) == ("Toko Lain", "Asia/Jayapura", "en")


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", " "), ("name", "x" * 256), ("timezone", "../etc/passwd"), ("timezone", ""), ("locale", "xx")],
)
def test_wrong_settings_come_back(field, value, home, browser):
    before = organization_of(home).name
    given = {"name": "Baru", "timezone": "Asia/Jakarta", "locale": "id", field: value}
    answer = browser(home).post("/app/settings/general", given)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert organization_of(home).name == before


def test_a_token_is_shown_once_and_works_until_it_is_revoked(home, browser, app):
    mine = browser(home)
    answer = mine.post("/app/settings/api", {"name": "Akuntansi <b>"})
    token = re.search(r'value="(cc_[^"]+)"', answer.text).group(1)
    headers = {"Authorization": f"Bearer {token}"}

    assert answer.status_code == 201
    assert app.test_client().get("/api/app/me", headers=headers).status_code == 200
    page = mine.get("/app/settings/api").text
    assert token not in page
    assert "Akuntansi &lt;b&gt;" in page

    with acting_as(home.organization_id):
        token_id = db.session.scalar(select(ApiToken.id).where(ApiToken.name == "Akuntansi <b>"))
    mine.post(f"/app/settings/api/{token_id}/revoke")
    assert app.test_client().get("/api/app/me", headers=headers).status_code == 401


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_token_needs_a_name(name, home, browser):
    assert browser(home).post("/app/settings/api", {"name": name}).status_code == 422


def test_a_foreign_token_is_neither_shown_nor_revoked(home, browser, cast, app):
    with acting_as(cast.neighbour_id):
        row = db.session.scalar(select(ApiToken))
    mine = browser(home)
    assert mine.post(f"/app/settings/api/{row.id}/revoke").status_code == 404
    assert row.prefix not in mine.get("/app/settings/api").text.replace(home.token[:12], "")
    assert app.test_client().get("/api/app/me", headers=cast.stranger.headers).status_code == 200


def test_posts_need_the_token_of_the_session(home, browser):
    mine = browser(home)
    urls = ("general", "api", "api/1/revoke", "security/sessions/1/end", "security/sessions/end-others")
    for url in urls:
        assert mine.post(f"/app/settings/{url}", token="").status_code == 403, url


def sessions_of(person) -> list[int]:
    with acting_as(person.organization_id):
        return list(
            db.session.scalars(
                select(UserSession.id)
                .where(UserSession.user_id == person.id, UserSession.revoked_at.is_(None))
                .order_by(UserSession.id)
            )
        )


def test_another_browser_is_logged_out(home, browser):
    old, mine = browser(home), browser(home)
    mine.post(f"/app/settings/security/sessions/{sessions_of(home)[0]}/end")
    assert old.get("/app/settings/security").location.startswith("/login")
    assert mine.get("/app/settings/security").status_code == 200


def test_all_other_browsers_are_logged_out(home, browser):
    others, mine = [browser(home), browser(home)], browser(home)
    mine.post("/app/settings/security/sessions/end-others")
    assert len(sessions_of(home)) == 1
    assert all(other.get("/app/settings/security").status_code == 302 for other in others)
    assert mine.get("/app/settings/security").status_code == 200


def test_nobody_ends_a_session_of_somebody_else(home, browser, cast):
    colleague = factories.person(home.organization_id, "agent", password=factories.PASSWORD)
    stranger = factories.person(cast.neighbour_id, "admin", password=factories.PASSWORD)
    theirs = [browser(colleague), browser(stranger)]
    mine = browser(home)
    for person in (colleague, stranger):
        answer = mine.post(f"/app/settings/security/sessions/{sessions_of(person)[0]}/end")
        assert answer.status_code == 404
    own = mine.post(f"/app/settings/security/sessions/{sessions_of(home)[0]}/end")
    assert own.status_code == 409
    assert all(other.get("/app/settings/security").status_code == 200 for other in theirs)


@pytest.mark.parametrize("role", ["agent", "manager", "admin"])
def test_no_menu_entry_leads_to_a_refusal(role, cast, as_person):
    person = as_person(getattr(cast, role))
    entries = set()
    for start in ("/app/dashboard", "/app/settings/security"):
        entries |= set(re.findall(r'class="side-link" href="([^"]+)"', person.get(start, headers=HTML).text))
    assert len(entries) >= 8
    refused = {entry for entry in entries if person.get(entry, headers=HTML).status_code not in (200, 302)}
    assert not refused


def test_ratings_are_switched_on_with_a_question_of_ones_own(home, browser):
    there = browser(home)
    page = "/app/settings/ratings"
    assert "Bagaimana layanan kami?" in there.get(page).text
    assert there.post(page, {"asks_rating": "true", "question": " Puas, Kak? "}).status_code == 302
    row = organization_of(home)
    assert (row.asks_rating, row.rating_question) == (True, "Puas, Kak?")
    refused = there.post(page, {"question": "x" * 501})
    assert refused.status_code == 422 and "x" * 501 in refused.text
    assert there.post(page, {"question": ""}).status_code == 302
    assert (organization_of(home).asks_rating, organization_of(home).rating_question) == (False, None)
    with acting_as(home.organization_id):
        chosen = select(AuditEntry.data).where(AuditEntry.action == "rating_settings.changed")
        told = list(db.session.scalars(chosen.order_by(AuditEntry.id)))
    assert [one["after"]["asks_rating"] for one in told] == [True, False]


def test_ratings_over_the_api(cast, as_person):
    url = "/api/app/ratings/settings"
    admin = as_person(cast.admin)
    assert admin.get(url).json == {"asks_rating": False, "question": None}
    assert admin.put(url, json={"asks_rating": True}).json == {"asks_rating": True, "question": None}
    assert admin.put(url, json={"question": "Puas?"}).json == {"asks_rating": True, "question": "Puas?"}
    assert admin.put(url, json={"question": "x" * 501}).status_code == 422
    assert as_person(cast.manager).put(url, json={"asks_rating": False}).status_code == 403
    assert as_person(cast.manager).get("/app/settings/ratings", headers=HTML).status_code == 403
