"""An organization's rules of logging in, and that they hold everywhere."""

from datetime import timedelta

import pytest

from cloudchat.errors import Invalid
from cloudchat.extensions import db, now
from cloudchat.models import AuditEntry, UserSession
from cloudchat.services import accounts, login_rules
from cloudchat.tenancy import acting_as
from tests.contracts.conftest import open_socket  # noqa: F401
from tests.factories import PASSWORD

API = "/api/app/login-rules"
CUT_WITHIN = 5.0  # seconds


@pytest.fixture
def office(browser, person):
    """(admin, browser of the admin)"""
    admin, there = person("admin"), browser()
    there.log_in(admin.email)
    return admin, there


def rule(organization_id: int, ip: str | None = None, **values) -> None:
    with acting_as(organization_id):
        login_rules.change(values, ip)


def age(someone, **columns) -> None:
    """Make all sessions of a person look that old."""
    with acting_as(someone.organization_id):
        values = {name: now() - by for name, by in columns.items()}
        db.session.query(UserSession).filter_by(user_id=someone.id).update(values)
        db.session.commit()


def test_the_rules_are_the_admins_and_recorded(office, as_person, make):
    admin, there = office
    agent = as_person(make.person(admin.organization_id, "manager"))
    assert agent.get(API).status_code == agent.put(API, json={}).status_code == 403
    changed = there.put(API, json={"session_hours": 12, "second_factor_roles": ["agent"]})
    assert changed.json["session_hours"] == 12 and changed.json["password_minimum"] == 10
    with acting_as(admin.organization_id):
        row = db.session.query(AuditEntry).filter_by(action="login_rules.changed").one()
    assert row.data["before"]["session_hours"] == 720 and row.data["after"]["session_hours"] == 12


BAD = {
    "session_hours": 721,
    "idle_minutes": 4,
    "password_minimum": 9,
    "second_factor_roles": ["owner"],
    "email_domains": ["a b", "x"],
    "networks": ["10.0.0.0/33"],
}


def test_nonsense_is_refused_field_by_field(office):
    _admin, there = office
    answer = there.put(API, json=BAD)
    assert answer.status_code == 422 and set(answer.json["error"]["fields"]) == set(BAD)
    form = {"session_hours": "x", "password_minimum": "99", "email_domains": "@", "networks": "x"}
    page = there.post("/app/settings/login-rules", data=form)
    assert page.status_code == 422 and page.text.count("invalid-feedback") == 4


def test_a_login_ends_when_its_time_is_over(browser, office):
    admin, there = office
    rule(admin.organization_id, session_hours=8)
    age(admin, created_at=timedelta(hours=7))
    assert there.is_in()
    age(admin, created_at=timedelta(hours=9))
    assert not there.is_in()


def test_an_idle_login_ends_whatever_the_page_asks_for_by_itself(office):
    admin, there = office
    rule(admin.organization_id, idle_minutes=15)
    behind, by_hand = {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "navigate"}
    age(admin, last_seen_at=timedelta(minutes=10))
    for _ in range(2):
        assert there.get("/api/app/me", headers=behind).status_code == 200
        age(admin, last_seen_at=timedelta(minutes=14))
    assert there.get("/api/app/me", headers=by_hand).status_code == 200
    with acting_as(admin.organization_id):
        seen = db.session.query(UserSession.last_seen_at).filter_by(user_id=admin.id).scalar()
    assert now() - seen < timedelta(minutes=1)
    age(admin, last_seen_at=timedelta(minutes=16))
    assert there.get("/api/app/me", headers=by_hand).status_code == 401


def test_only_the_allowed_domains_are_invited(office):
    admin, there = office
    assert there.put(API, json={"email_domains": ["@Toko.test", "toko.test"]}).json["email_domains"] == [
        "toko.test"
    ]
    form = {"email": "baru@lain.test", "name": "", "role": "agent"}
    assert there.post("/admin/invitations/new/", data=form).status_code == 422
    assert there.post("/admin/invitations/new/", data={**form, "email": "b@toko.test"}).status_code == 201
    with acting_as(admin.organization_id), pytest.raises(Invalid):
        accounts.invite("x@sub.toko.test", "", "agent", None)


def test_who_comes_from_elsewhere_is_refused(browser, office):
    admin, there = office
    locked_out = there.put(API, json={"networks": ["203.0.113.0/24"]})
    assert locked_out.status_code == 422 and locked_out.json["error"]["fields"]["networks"]
    assert there.put(API, json={"networks": ["203.0.113.0/24", there.ip]}).status_code == 200
    assert there.is_in()
    elsewhere = browser()
    elsewhere.client.set_cookie("cloudchat", there.cookie())
    for answer in (elsewhere.get("/api/app/me"), browser().get("/api/app/me", headers=admin.headers)):
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "network_refused")
    assert login_rules.is_within(("10.0.0.0/8",), "::ffff:10.1.2.3")
    assert not login_rules.is_within(("10.0.0.0/8",), None)


def test_sockets_are_cut_with_the_login(desk, browser, person, open_socket, eventually):  # noqa: F811
    """Remotely logged out, too long idle, from a network that is shut: each within five seconds."""
    sockets = {}
    for kind in ("logged out", "idle", "network", "stays"):
        someone, there = person("agent"), browser()
        there.log_in(someone.email)
        sockets[kind] = open_socket(headers={"Cookie": f"cloudchat={there.cookie()}"})
        tokens = open_socket(auth={"token": someone.token})
        if kind == "logged out":
            another = browser()
            another.log_in(someone.email, PASSWORD)
            assert another.post("/app/settings/security/sessions/end-others").status_code == 302
            sockets["token stays"] = tokens
        if kind == "idle":
            rule(someone.organization_id, idle_minutes=15)
            age(someone, last_seen_at=timedelta(minutes=16))
        if kind == "network":
            rule(someone.organization_id, "203.0.113.7", networks=("203.0.113.7",))
    cut = ("logged out", "idle", "network")
    eventually(lambda: all(sockets[kind].ended for kind in cut), CUT_WITHIN)
    assert not sockets["stays"].ended and not sockets["token stays"].ended
