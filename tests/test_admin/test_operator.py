"""The operator's area: figures of every organization, shutting out, and audited "act as"."""

import re

import pytest
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import AuditEntry, Label, Organization, UserSession
from cloudchat.services import operating
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_admin.conftest import HTML

REASON = "Tiket 4711: perangkat tidak tersambung"


def entries(organization_id: int) -> list[AuditEntry]:
    with acting_as(organization_id):
        return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def act(mine, tenant, reason: str = REASON):
    return mine.post(f"/operator/organizations/{tenant.organization_id}/act", {"reason": reason})


def operator_routes(app):
    return [
        (method, rule.rule.replace("<int:organization_id>", "1"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("operator.")
        for method in sorted(rule.methods & {"GET", "POST"})
    ]


# --- doors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["admin", "manager", "agent"])
def test_nobody_else_gets_in(role, app, cast, as_person):
    for method, url in operator_routes(app):
        answer = getattr(as_person(getattr(cast, role)), method.lower())(url, headers=HTML)
        assert answer.status_code == 403, (method, url)


def test_strangers_are_sent_to_the_login(app, client):
    for method, url in operator_routes(app):
        assert client.open(url, method=method, headers=HTML).location.startswith("/login"), url


def test_posts_need_the_token(app, operator, browser):
    mine = browser(operator)
    for method, url in operator_routes(app):
        if method == "POST":
            assert mine.post(url, token="").status_code == 403, url


def test_only_operators_see_the_entry_of_the_menu(operator, tenant, browser):
    assert 'href="/operator/"' in browser(operator).get("/app/settings/security").text
    assert 'href="/operator/"' not in browser(tenant).get("/app/settings/security").text


# --- organizations -----------------------------------------------------------------------------


def test_the_list_counts_each_organizations_own(operator, tenant, browser):
    conversation = factories.conversation(factories_device(tenant).organization_id)
    factories.message(conversation, "Isi rahasia")
    page = operating.page()
    row = next(row for row in page if row.id == tenant.organization_id)
    assert (row.users, row.conversations, row.messages) == (1, 1, 1)
    assert row.devices == 2
    assert row.last_activity is not None
    assert "Isi rahasia" not in browser(operator).get("/operator/").text


def factories_device(person):
    return factories.device(person.organization_id)


def test_the_list_goes_on_by_cursor(operator, browser, monkeypatch):
    monkeypatch.setattr("admin.operator.PAGE", 2)
    name = f"Cabang {factories.number()}"
    made = [factories.organization(f"{name} {index}") for index in range(5)]
    mine, url, seen = browser(operator), f"/operator/?q={name}", []
    while url:
        page = mine.get(url).text.replace("&amp;", "&")
        seen += [int(number) for number in re.findall(r'data-href="/operator/organizations/(\d+)"', page)]
        more = re.search(r'hx-get="(/operator/[^"]+)"', page)
        url = more and more.group(1)
    assert seen == made[::-1]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "%00"])
def test_a_made_up_cursor_is_refused(cursor, operator, browser):
    assert browser(operator).get(f"/operator/?cursor={cursor}").status_code == 422


@pytest.mark.parametrize("q", ["%", "' OR 1=1--", "<script>alert(1)</script>", "a\0b"])
def test_the_search_takes_words_literally(q, operator, browser):
    answer = browser(operator).client.get("/operator/", query_string={"q": q}, headers=HTML)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "data-href" not in answer.text or q == "a\0b"


def test_a_new_organization_comes_with_its_admins_link(operator, browser, app):
    email = f"pemilik{factories.number()}@contoh.test"
    answer = browser(operator).post(
        "/operator/organizations/new",
        {
            "name": "Toko Baru",
            "timezone": "Asia/Makassar",
            "locale": "id",
            "email": email,
            "admin_name": "Ani",
        },
    )
    assert answer.status_code == 201
    path = re.search(r'value="http://[^/]+(/invitation/[^"]+)"', answer.text).group(1)
    assert email in app.test_client().get(path).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("timezone", "../etc/passwd"), ("locale", "xx"), ("email", "bukan")],
)
def test_a_wrong_organization_is_not_made(field, value, operator, browser):
    name = f"Toko {factories.number()}"
    given = {"name": name, "timezone": "Asia/Jakarta", "locale": "id", "email": "a@contoh.test", field: value}
    answer = browser(operator).post("/operator/organizations/new", given)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert not operating.page(name)


def test_shutting_out_ends_every_login_and_can_be_undone(operator, tenant, browser, app):
    mine, theirs = browser(operator), browser(tenant)
    url = f"/operator/organizations/{tenant.organization_id}/active"

    mine.post(url, {"active": "no"})
    assert theirs.get("/app/settings/security").location.startswith("/login")
    assert app.test_client().get("/api/app/me", headers=tenant.headers).status_code == 403

    mine.post(url, {"active": "yes"})
    assert browser(tenant).get("/app/settings/security").status_code == 200
    actions = [entry.action for entry in entries(tenant.organization_id)]
    assert actions.count("organization.deactivated") == actions.count("organization.reactivated") == 1
    assert {"operator.deactivated", "operator.reactivated"} <= {
        entry.action for entry in entries(operator.organization_id)
    }


def test_an_operator_cannot_shut_the_own_organization_out(operator, browser):
    browser(operator).post(f"/operator/organizations/{operator.organization_id}/active", {"active": "no"})
    with acting_as(operator.organization_id):
        assert db.session.get(Organization, operator.organization_id).is_active


def test_an_unknown_organization_is_not_found(operator, browser):
    mine = browser(operator)
    assert mine.get("/operator/organizations/2147483647").status_code == 404
    for page in ("active", "act"):
        answer = mine.post(f"/operator/organizations/2147483647/{page}", {"reason": REASON, "active": "no"})
        assert answer.status_code == 404


# --- acting ------------------------------------------------------------------------------------


def test_acting_shows_the_tenant_and_is_recorded_on_both_sides(operator, tenant, browser):
    label = factories.label(tenant.organization_id, f"Milik{factories.number()}")
    mine = browser(operator)
    assert label.name not in mine.get("/admin/labels/").text

    assert act(mine, tenant).status_code == 302
    page = mine.get("/admin/labels/").text
    assert label.name in page
    assert 'action="/operator/stop"' in page

    for organization_id in (tenant.organization_id, operator.organization_id):
        started = next(e for e in entries(organization_id) if e.action == "operator.acting_started")
        assert (started.actor_id, started.actor_name) == (operator.id, "Oki Operator")
        assert started.data["reason"] == REASON


def test_what_an_acting_operator_does_is_recorded_under_the_own_name(operator, tenant, browser):
    mine = browser(operator)
    act(mine, tenant)
    mine.post("/admin/labels/new/", {"name": "Dari operator", "color": "#112233"})

    made = next(e for e in entries(tenant.organization_id) if e.action == "label.created")
    assert (made.actor_id, made.actor_name) == (operator.id, "Oki Operator")
    assert "badge-amber" in browser(tenant).get("/admin/audit/?action=label.created").text
    with acting_as(operator.organization_id):
        assert db.session.scalar(select(Label.id)) is None


def test_acting_ends_and_is_recorded_on_both_sides(operator, tenant, browser):
    label = factories.label(tenant.organization_id, f"Milik{factories.number()}")
    mine = browser(operator)
    act(mine, tenant)
    assert mine.post("/operator/stop").status_code == 302

    page = mine.get("/admin/labels/").text
    assert label.name not in page
    assert 'action="/operator/stop"' not in page
    for organization_id in (tenant.organization_id, operator.organization_id):
        assert entries(organization_id)[-1].action == "operator.acting_ended"
    with acting_as(operator.organization_id):
        assert db.session.scalars(select(UserSession.acting_organization_id)).all() == [None]


def test_going_from_one_tenant_to_another_ends_the_first(operator, tenant, browser):
    other = factories.person(factories.organization(), "admin")
    mine = browser(operator)
    act(mine, tenant)
    act(mine, other)
    assert entries(tenant.organization_id)[-1].action == "operator.acting_ended"
    assert entries(other.organization_id)[-1].action == "operator.acting_started"


@pytest.mark.parametrize("reason", ["", "    x    ", "y" * 501])
def test_acting_needs_a_reason(reason, operator, tenant, browser):
    mine = browser(operator)
    answer = act(mine, tenant, reason)
    assert answer.status_code == 422
    assert 'id="f-reason-error"' in answer.text
    assert "operator.acting_started" not in [e.action for e in entries(tenant.organization_id)]
    assert 'action="/operator/stop"' not in mine.get("/app/settings/security").text


def test_an_api_token_cannot_act(operator, tenant, as_person):
    answer = as_person(operator).post(
        f"/operator/organizations/{tenant.organization_id}/act", data={"reason": REASON}, headers=HTML
    )
    assert answer.status_code == 422
    assert "operator.acting_started" not in [e.action for e in entries(tenant.organization_id)]


def test_whoever_is_no_operator_any_more_stops_acting(operator, tenant, browser):
    mine = browser(operator)
    act(mine, tenant)
    with acting_as(operator.organization_id):
        factories.user_row(operator).is_operator = False
        db.session.commit()
    assert 'action="/operator/stop"' not in mine.get("/app/settings/security").text
    assert mine.get("/operator/").status_code == 403


def test_a_forged_session_row_of_an_admin_does_not_act(tenant, cast, browser):
    """The column alone gives nothing: only operators act."""
    theirs = browser(tenant)
    with acting_as(tenant.organization_id):
        row = db.session.scalar(select(UserSession))
        row.acting_organization_id = cast.neighbour_id
        db.session.commit()
    label = factories.label(cast.neighbour_id, f"Asing{factories.number()}")
    assert label.name not in theirs.get("/admin/labels/").text


def test_an_acting_operator_has_no_account_there(operator, tenant, browser):
    mine = browser(operator)
    act(mine, tenant)
    assert mine.post("/app/settings/api", {"name": "x"}).status_code == 422
    assert "end-others" not in mine.get("/app/settings/security").text
