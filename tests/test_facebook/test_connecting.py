"""The whole way: dialog, callback, pages, devices. The simulator plays Facebook and its user."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Device, MessengerConnect
from cloudchat.services import devices, facebook_connect, secrets
from cloudchat.tenancy import acting_as
from tests import factories

CONNECT, CALLBACK, PAGES = (f"/api/app/messenger/{name}" for name in ("connect", "callback", "pages"))


class Facebook:
    """The simulator's side, with pages of this test's own."""

    def __init__(self, url: str):
        self.url = url
        self.pages: list[str] = []
        self.control("PATCH", "facebook/settings", mode="accept", declined=[], page_size=25)

    def control(self, method: str, path: str, **body) -> None:
        httpx.request(method, f"{self.url}/_control/{path}", json=body, timeout=20).raise_for_status()

    def page(self, **fields) -> str:
        page_id = f"88{factories.number():011d}"
        token = f"EAApage{page_id}"
        made = {"id": page_id, "name": f"Toko {page_id}", "token": token, **fields}
        self.control("POST", "messenger/accounts", **made)
        self.pages.append(page_id)
        self.control("PATCH", "facebook/settings", pages=self.pages)
        return page_id

    def behave(self, **settings) -> None:
        self.control("PATCH", "facebook/settings", **settings)

    def fail(self, step: str, kind: str = "error", **fields) -> None:
        node, _, edge = {
            "exchange": "oauth/access_token",
            "permissions": "me/permissions",
            "accounts": "me/accounts",
            "subscribe": f"{self.pages[0] if self.pages else ''}/subscribed_apps",
        }[step].partition("/")
        self.control("POST", "meta/faults", kind=kind, node=node, edge=edge, **fields)

    def log_in(self, url: str) -> dict[str, str]:
        """The dialog, answered: what the browser brings back."""
        answer = httpx.get(url, timeout=20)
        assert answer.status_code == 302, answer.text
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}


@pytest.fixture
def facebook(simulator_process):
    made = Facebook(simulator_process.url)
    yield made
    made.control("PATCH", "facebook/settings", mode="ask", declined=[], pages=[], page_size=25)
    httpx.delete(f"{made.url}/_control/meta/faults")


@pytest.fixture
def admin(as_person, cast):
    return as_person(cast.admin)


def dialog(admin) -> str:
    return admin.get(CONNECT, headers={"Accept": "application/json"}).json["url"]


def come_back(admin, facebook):
    return admin.get(CALLBACK, query_string=facebook.log_in(dialog(admin)))


def kept(organization_id) -> list[Device]:
    with acting_as(organization_id):
        found = select(Device).where(Device.type == "messenger").execution_options(populate_existing=True)
        return list(db.session.scalars(found.order_by(Device.id)))


def attempts(organization_id) -> list[MessengerConnect]:
    with acting_as(organization_id):
        found = select(MessengerConnect).order_by(MessengerConnect.id)
        return list(db.session.scalars(found.execution_options(populate_existing=True)))


def test_several_pages_are_offered_and_the_chosen_ones_connected(admin, facebook, cast):
    first, second = facebook.page(), facebook.page()
    low, blocked = facebook.page(tasks=["ANALYZE"]), facebook.page(refuses="not_in_bm")
    facebook.behave(page_size=2)
    answer = come_back(admin, facebook)
    offered = {page["id"]: page for page in answer.json["pages"]}
    assert answer.status_code == 200
    assert {key: page["usable"] for key, page in offered.items()} == {
        first: True,
        second: True,
        low: False,
        blocked: True,
    }
    assert offered[low]["reason"] and offered[first]["reason"] is None
    assert kept(cast.organization_id) == []
    assert admin.post(PAGES, json={"page_ids": [low]}).status_code == 422

    answer = admin.post(PAGES, json={"page_ids": [first, blocked]})
    assert answer.status_code == 201
    [device] = answer.json["devices"]
    assert (device["type"], device["status"]) == ("messenger", "connected")
    [failed] = answer.json["failed"]
    assert (failed["id"], failed["errorCode"], failed["actionRequired"]) == (blocked, 200, "link_to_bm")
    [row] = kept(cast.organization_id)
    assert row.external_account == first
    assert secrets.decrypt(row.secrets) == {"page_access_token": f"EAApage{first}"}
    for text in (
        answer.text,
        admin.get("/api/app/devices").text,
        str(attempts(cast.organization_id)[0].failure),
    ):
        assert "EAA" not in text


def test_the_only_page_is_connected_at_once_and_again_without_losing_anything(admin, facebook, cast):
    page = facebook.page()
    [made] = come_back(admin, facebook).json["devices"]
    with acting_as(cast.organization_id):
        devices.mark(
            made["id"], "needs_reauth", {"code": "token_refused", "message": "x", "details": "190/463"}
        )
        db.session.commit()
    facebook.control("POST", "messenger/accounts", id=page, token="EAAnewtoken")
    [again] = come_back(admin, facebook).json["devices"]
    assert again["id"] == made["id"]
    [row] = kept(cast.organization_id)
    assert (row.status, row.last_error) == ("connected", None)
    assert secrets.decrypt(row.secrets)["page_access_token"] == "EAAnewtoken"


def test_a_browser_is_sent_to_the_dialog(admin, facebook):
    answer = admin.get(CONNECT)
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.location).query)
    assert {"pages_show_list", "pages_messaging"} <= set(query["scope"][0].split(","))
    assert query["redirect_uri"][0].endswith(CALLBACK)


def test_the_state_is_this_logins_and_good_once(admin, facebook, cast, as_person):
    facebook.page()
    back = facebook.log_in(dialog(admin))
    colleague = as_person(factories.person(cast.organization_id, "admin"))
    for person in (as_person(cast.stranger), colleague):
        answer = person.get(CALLBACK, query_string=back)
        assert (answer.status_code, answer.json["actionRequired"]) == (400, "reauth")
    for state in ("", "x", back["state"] + "x", "é\x00"):
        assert admin.get(CALLBACK, query_string={**back, "state": state}).status_code == 400
    assert admin.get(CALLBACK, query_string=back).status_code == 200
    assert admin.get(CALLBACK, query_string=back).status_code == 400
    old = facebook.log_in(dialog(admin))
    with acting_as(cast.organization_id):
        db.session.execute(
            db.update(MessengerConnect).values(created_at=db.func.now() - db.text("interval '11 minutes'"))
        )
        db.session.commit()
    assert admin.get(CALLBACK, query_string=old).status_code == 400


def test_agents_and_strangers_do_not_get_in(as_person, cast, client):
    for path in (CONNECT, CALLBACK):
        assert as_person(cast.agent).get(path).status_code == 403
        assert client.get(path).status_code == 401


FAULTS = [
    ({"mode": "cancel"}, None, {}, None, "grant_permission"),
    ({"declined": ["pages_messaging"]}, None, {}, None, "grant_permission"),
    ({}, "exchange", {"code": 1, "message": "Error validating client secret."}, 1, "contact_support"),
    ({}, "exchange", {"code": 100, "subcode": 36009, "message": "used"}, 100, "reauth"),
    ({}, "exchange", {"kind": "status", "status": 500}, None, "retry_later"),
    ({}, "exchange", {"kind": "close"}, None, "retry_later"),
    ({}, "accounts", {"code": 4}, 4, "retry_later"),
    ({}, "accounts", {"code": 190, "subcode": 460, "message": "password"}, 190, "reauth"),
    ({}, "permissions", {"code": 190, "message": "Error validating access token"}, 190, "reauth"),
    ({}, "subscribe", {"code": 200, "message": "Permissions error"}, 200, "link_to_bm"),
    (
        {},
        "subscribe",
        {"code": 200, "message": "Requires pages_messaging permission"},
        200,
        "grant_permission",
    ),
    ({}, "subscribe", {"code": 190, "subcode": 463}, 190, "reauth"),
    ({}, "subscribe", {"code": 368}, 368, "contact_support"),
    ({}, "subscribe", {"code": 4}, 4, "retry_later"),
    ({}, "subscribe", {"code": 999999, "message": "new"}, 999999, "contact_support"),
    ({}, "subscribe", {"kind": "truncate"}, None, "retry_later"),
]


@pytest.mark.parametrize(("behaviour", "step", "fault", "code", "action"), FAULTS)
def test_what_fails_says_what_to_do_and_keeps_nothing(
    behaviour, step, fault, code, action, admin, facebook, cast
):
    facebook.page()
    facebook.behave(**behaviour)
    if step:
        facebook.fail(step, **fault)
    answer = come_back(admin, facebook)
    body = answer.json
    assert (answer.status_code, body["errorCode"], body["actionRequired"]) == (400, code, action)
    assert body["error"]["message"] and body["error"]["code"].startswith("fb_")
    assert "helpUrl" in body and "traceId" in body
    assert kept(cast.organization_id) == []
    [attempt] = attempts(cast.organization_id)
    assert attempt.failure["code"] == code


def test_no_page_at_all_and_pages_that_take_no_subscription(admin, facebook, cast):
    facebook.behave(pages=["1"])
    assert come_back(admin, facebook).json["actionRequired"] == "link_to_bm"
    facebook.page(refuses="false")
    assert come_back(admin, facebook).json["actionRequired"] == "retry_later"
    assert kept(cast.organization_id) == []


def test_a_page_of_another_organization_is_said_to_be_in_use(admin, facebook, cast, as_person):
    page, free = facebook.page(), facebook.page()
    factories.device(cast.neighbour_id, "messenger", external_account=page)
    offered = {row["id"]: row for row in come_back(admin, facebook).json["pages"]}
    assert offered[page]["usable"] is False and offered[page]["reason"]
    assert offered[free]["usable"] is True


def test_the_report_for_support_holds_codes_and_no_token(admin, facebook, cast):
    facebook.page()
    facebook.fail("subscribe", code=190, subcode=463)
    come_back(admin, facebook)
    [attempt] = attempts(cast.organization_id)
    page = admin.get(f"/app/settings/facebook/{attempt.id}", headers={"Accept": "text/html"}).text
    assert "Code: 190" in page and "Subcode: 463" in page and "Trace: " in page
    assert "EAA" not in page


def test_the_page_shows_the_choice_and_the_six_steps(admin, facebook, cast):
    first, second = facebook.page(), facebook.page(refuses="not_in_bm")
    answer = admin.get(CALLBACK, query_string=facebook.log_in(dialog(admin)), headers={"Accept": "text/html"})
    shown = admin.get(answer.location)
    assert first in shown.text and second in shown.text
    refused = admin.post(answer.location, data={"page_ids": [second]})
    assert refused.text.count("<li>") >= 6 and "business.facebook.com" in refused.text
    done = admin.post(answer.location, data={"page_ids": [first]})
    assert done.status_code == 302 and "/admin/devices/details/" in done.location
    assert admin.post(answer.location, data={}).status_code == 422


def test_tokens_of_pages_that_nobody_chose_are_wiped(admin, facebook, cast):
    facebook.page(), facebook.page()
    come_back(admin, facebook)
    with acting_as(cast.organization_id):
        db.session.execute(
            db.update(MessengerConnect).values(created_at=db.func.now() - db.text("interval '2 hours'"))
        )
        db.session.commit()
        facebook_connect.clean()
    [attempt] = attempts(cast.organization_id)
    assert attempt.pages is None
    assert admin.post(PAGES, json={"page_ids": ["1"]}).status_code == 404
