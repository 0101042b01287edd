"""Every way into the app has exactly one door, and the door does what it says (H40, H44, H50)."""

import ast
import inspect
import textwrap
from pathlib import Path

import pytest

from cloudchat import jobs
from cloudchat.extensions import db
from cloudchat.jobs import schedule
from cloudchat.realtime import serving
from cloudchat.services import accounts
from cloudchat.services.accounts import ANY_SCOPE, ROLES, SCOPES
from cloudchat.tenancy import acting_as
from cloudchat.web.scopes import scope_of
from tests.contracts import registry
from tests.contracts.test_tenancy_elsewhere import all_functions
from tests.contracts.walk import admin_endpoints
from tests.factories import PASSWORD

ROOT = Path(__file__).resolve().parent.parent.parent
# Routes that anybody may call. Whoever adds one says why, here and at the route.
PUBLIC = {
    "auth.accept_invitation": "the invited have no account; the link's secret lets them in",
    "auth.api_login": "logging in",
    "auth.home": "only sends people on",
    "auth.forgot_password": "who has forgotten a password cannot log in",
    "auth.login": "logging in",
    "auth.login_code": "the second step of it; the signed cookie says whose password was right",
    "auth.reset_password": "the link's secret stands for the password",
    "auth.set_language": "the login page has a language menu",
    "notifications.service_worker": "a script, the same for everybody",
    "static": "scripts and styles",
    "system.healthz": "a load balancer asks",
    "system.manifest": "names and icons, the same for everybody",
    "system.metrics": "counts only, no customer data",
    "system.offline": "holds nothing of anybody",
    "system.openapi": "nothing secret",
    "system.readyz": "a load balancer asks",
    "versioned_static": "scripts and styles",
    "webchat.demo": "a page to try the widget on",
    "webchat.download_attachment": "the visitor's token, or an address signed for one",
    "webchat.frame": "the visitor's page, as embedded",
    "webchat.link_attachment": "the visitor's token",
    "webchat.list_messages": "the visitor's token",
    "webchat.mark_seen": "the visitor's token",
    "webchat.page": "the visitor's page",
    "webchat.send_message": "the visitor's token",
    "webchat.start_session": "visitors have no account",
    "webhooks.receive_telegram": "the secret that Telegram was given is checked",
    "webhooks.receive_wa_device": "the gateway's signature is checked",
    "webhooks.receive_meta": "Meta's signature",
    "webhooks.verify_meta": "Meta's verify token",
}
# Routes of the API that no token with limits gets into, and why.
WITHOUT_SCOPE = {
    "auth": "the own account is a person's",
    "notifications": "the own notices and browsers are a person's",
    "system": "the API reference is a page",
}
DOORS = {"public", "operator", *ROLES}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def guarded(app) -> list:
    """(rule, method, door) of every route that asks who is calling."""
    return [
        (rule, method, app.view_functions[rule.endpoint].door)
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
        if getattr(app.view_functions[rule.endpoint], "door", "public") != "public"
    ]


def url_of(app, rule) -> str:
    """An address of the rule; its ids are of nothing, the door comes before them."""
    samples = {"export_type": "csv", "public_key": "x", "token": "1.x"}
    values = {name: samples.get(name, 2147483647) for name in rule.arguments}
    return app.url_map.bind("localhost").build(rule.endpoint, values, method=None)


# --- every entrance ----------------------------------------------------------------------------


def test_every_route_has_one_door(app):
    doors = {
        rule.endpoint: getattr(app.view_functions[rule.endpoint], "door", None)
        for rule in app.url_map.iter_rules()
    }
    without = [endpoint for endpoint, door in doors.items() if door not in DOORS]
    assert not without, f"give these @requires(role) or @public(reason): {without}"


def test_public_routes_are_listed_with_a_reason(app):
    public = {
        rule.endpoint: app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "door", None) == "public"
    }
    assert set(public) == set(PUBLIC), "say in PUBLIC above why anybody may call a new one"
    assert all(len(view.public_reason) > 5 for view in public.values())


def test_every_route_of_the_api_has_a_scope(app):
    """Deny by default: a route that says nothing is for tokens without limits alone."""
    without = []
    for rule, method, door in guarded(app):
        scope = scope_of(app.view_functions[rule.endpoint].scope, door, rule.rule, blueprint(rule), method)
        if rule.rule.startswith("/api/") and scope not in {*SCOPES, ANY_SCOPE}:
            if blueprint(rule) not in WITHOUT_SCOPE:
                without.append(f"{method} {rule}")
        elif not rule.rule.startswith("/api/"):
            assert scope is None, f"{rule}: pages are for people"
    assert not without, f"name their scope in web/scopes.py or at the route: {without}"


def blueprint(rule) -> str:
    return rule.endpoint.rpartition(".")[0]


def test_a_token_with_limits_gets_no_further(app, make):
    """Every route refuses, in these words, a token with every scope but its own: so no other opens it."""
    admin = make.person(make.organization(), "admin")

    def token(*scopes: str) -> str:
        return accounts.create_api_token(admin.id, "limited", list(scopes))

    with acting_as(admin.organization_id):
        tokens = {own: token(*(one for one in SCOPES if one != own)) for own in (None, *SCOPES)}
        contacts = token("contacts")
        db.session.commit()
    client, wrong = app.test_client(), []
    for rule, method, door in guarded(app):
        view = app.view_functions[rule.endpoint]
        needed = scope_of(view.scope, door, rule.rule, blueprint(rule), method)
        if door == "operator" or needed == ANY_SCOPE:
            continue
        answer = client.open(
            url_of(app, rule),
            method=method,
            headers={"Authorization": f"Bearer {tokens[needed]}", "Accept": "application/json"},
        )
        if answer.status_code != 403 or answer.json["error"]["code"] != "scope_missing":
            wrong.append(f"{method} {rule}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    told = client.get("/api/app/me", headers={"Authorization": f"Bearer {contacts}"})
    assert told.status_code == 200


def test_no_route_has_two_doors():
    """@public and @requires together would leave it to their order which one holds."""
    doubled = []
    for path in (ROOT / "blueprints").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                names = [_name(decorator) for decorator in node.decorator_list]
                if names.count("requires") + names.count("public") > 1:
                    doubled.append(f"{path.name}:{node.lineno} {node.name}")
    assert not doubled


def _name(node) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def test_every_job_has_a_door():
    without = [
        name
        for name, function in all_functions().items()
        if not hasattr(function, "is_job") and name not in registry.HELPERS
    ]
    assert not without, f"give these @tenant_job or @system_job, or list them in HELPERS: {without}"


def test_only_jobs_are_queued_or_scheduled():
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(schedule)))
        if isinstance(node, ast.Call) and _name(node) == "register"
    ]
    scheduled = [eval(ast.unparse(call.args[0]), vars(schedule)) for call in calls]
    assert scheduled and all(hasattr(function, "is_job") for function in scheduled)
    with pytest.raises(TypeError, match="print is no job"):
        jobs.enqueue(print, "not a job")


def test_every_socket_handler_has_a_door():
    for namespace in (serving.Desk, serving.Chat):
        for event in namespace.takes:
            handler = getattr(namespace, "on_" + event)
            assert getattr(handler, "door", None) == "socket", f"{namespace.__name__}: {event}"
        source = textwrap.dedent(inspect.getsource(namespace))
        methods = {
            node.name.removeprefix("on_")
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("on_")
        }
        taken = {event.replace(":", "_") for event in namespace.takes} | {"connect", "disconnect"}
        assert methods == taken, f"{namespace.__name__} takes exactly these events"


# --- who is let in -----------------------------------------------------------------------------


def test_strangers_are_sent_to_the_login(app, client):
    wrong = []
    for rule, method, _door in guarded(app):
        url = url_of(app, rule)
        answer = client.open(url, method=method)
        if url.startswith("/api/") and rule.endpoint != "system.docs":  # that is a page for people
            right = answer.status_code == 401 and answer.json["error"]["code"] == "unauthorized"
        else:
            right = answer.status_code == 302 and answer.location.startswith("/login")
        if not right:
            wrong.append(f"{method} {rule}: {answer.status_code} {answer.location}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["agent", "manager", "admin"])
def test_lower_roles_are_refused(app, cast, as_person, role):
    caller = as_person(getattr(cast, role))
    wrong = []
    for rule, method, door in guarded(app):
        allowed = door in ROLES and ROLES.index(role) >= ROLES.index(door)
        if allowed:
            continue
        answer = caller.open(url_of(app, rule), method=method)
        if answer.status_code != 403:
            wrong.append(f"{method} {rule} ({door}): {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_the_admin_screens_are_for_admins(app, cast, client, as_person):
    """Flask-Admin's views: nobody below an admin, and nothing changes by GET."""
    endpoints = admin_endpoints(app)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in endpoints]
    for rule in rules:
        method = "GET" if "GET" in rule.methods else "POST"
        url = url_of(app, rule)
        assert client.open(url, method=method).status_code in (302, 401), rule
        assert as_person(cast.agent).open(url, method=method).status_code in (302, 403), rule
        assert as_person(cast.manager).open(url, method=method).status_code in (302, 403), rule
    changing = [rule for rule in rules if rule.endpoint.endswith(("delete_view", "action_view"))]
    for rule in changing:
        assert as_person(cast.admin).get(url_of(app, rule)).status_code in (302, 405), rule


@pytest.mark.parametrize("token", ["", "x", "cc_1_", "cc_0_a", "cc_999999999_a", "cc_١_a", "a" * 9000])
def test_a_bad_token_is_nobody(client, token):
    answer = client.get("/api/app/me", headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401


# --- CSRF --------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(app, make):
    """A browser with an admin's session, and its CSRF token."""
    person = make.person(make.organization(), "admin", password=PASSWORD)
    browser = app.test_client()
    answer = browser.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    return browser, answer.json["csrf_token"], person


def test_a_cookie_alone_changes_nothing(app, signed_in):
    """Every unsafe method of every guarded route wants the token that only our pages know."""
    browser, _token, _person = signed_in
    wrong = []
    for rule, method, door in guarded(app):
        if method not in UNSAFE or door == "operator":
            continue
        for headers in ({}, {"X-CSRF-Token": "guess"}, {"X-HTTP-Method-Override": "GET"}):
            answer = browser.open(url_of(app, rule), method=method, headers=headers)
            if answer.status_code != 403:
                wrong.append(f"{method} {rule} {headers}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert browser.get("/api/app/me").status_code == 200


def test_the_token_of_the_session_opens_the_door(signed_in):
    browser, token, _person = signed_in
    sent = {"name": "Penting", "color": "#0d9488"}
    made = browser.post("/api/app/labels", json=sent, headers={"X-CSRF-Token": token})
    assert made.status_code == 201


def test_a_token_of_another_session_does_not(app, make, signed_in):
    browser, _token, _person = signed_in
    other = make.person(make.organization(), "admin", password=PASSWORD)
    login = {"email": other.email, "password": PASSWORD}
    foreign = app.test_client().post("/api/auth/login", json=login).json["csrf_token"]
    answer = browser.post("/api/app/labels", json={"name": "A"}, headers={"X-CSRF-Token": foreign})
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "csrf")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_json_in_disguise_is_refused(signed_in, content_type):
    """What a cross-site form can send without asking the browser first."""
    browser, _token, _person = signed_in
    answer = browser.post("/api/app/labels", data='{"name": "A"}', content_type=content_type)
    assert answer.status_code == 403


def test_a_bearer_token_needs_no_csrf_token(cast, as_person):
    assert as_person(cast.admin).post("/api/app/labels", json={"name": "Baru"}).status_code == 201
