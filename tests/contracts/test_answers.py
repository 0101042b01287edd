"""What every answer has: the one form of errors, headers, request ids; and health, metrics, logs."""

import re

import pytest

from cloudchat import web as web_module
from cloudchat.errors import TooMany
from tests.conftest import free_port
from tests.test_hostile.conftest import app_with  # noqa: F401

JSON = {"Accept": "application/json"}


def is_error(answer, status: int, code: str | None = None) -> bool:
    body = answer.json
    assert answer.status_code == status, answer.text[:200]
    assert set(body) == {"error"} and {"code", "message", "fields"} <= set(body["error"])
    assert re.fullmatch(r"[a-z_]+", body["error"]["code"])
    assert body["error"]["message"] and "Traceback" not in answer.text
    assert code is None or body["error"]["code"] == code
    return True


# --- the form of errors ------------------------------------------------------------------------


def test_each_refusal_of_the_api_has_the_one_form(client, cast, as_person, make):
    admin, agent = as_person(cast.admin), as_person(cast.agent)
    talk = make.conversation(cast.organization_id).id
    url = f"/api/app/inbox/conversations/{talk}"
    label = {"name": f"L{make.number()}"}
    admin.post("/api/app/labels", json=label)
    assert is_error(admin.post("/api/app/labels", data="{", content_type="application/json"), 400)
    assert is_error(client.get("/api/app/me"), 401, "unauthorized")
    assert is_error(agent.post("/api/app/labels", json=label), 403, "forbidden")
    assert is_error(admin.get("/api/app/inbox/conversations/0"), 404, "not_found")
    assert is_error(admin.get("/api/nowhere"), 404, "not_found")
    assert is_error(admin.put("/api/app/me"), 405, "method_not_allowed")
    assert is_error(admin.post("/api/app/labels", json=label), 409, "name_taken")
    stale = {"status": "pending", "expected_version": 99}
    assert is_error(admin.post(url + "/status", json=stale), 409, "stale_version")
    large = b'{"text": "' + b"x" * 1_100_000 + b'"}'
    assert is_error(admin.post(url + "/notes", data=large, content_type="application/json"), 413)
    assert is_error(admin.post("/api/app/labels", data="a=b"), 415)
    assert is_error(admin.post("/api/app/labels", json={}), 422, "invalid")
    assert list(admin.post("/api/app/labels", json={}).json["error"]["fields"]) == ["name"]


def test_the_apis_page_leads_a_stranger_to_the_login(client):
    answer = client.get("/api/docs", headers={"Accept": "text/html"})
    assert answer.status_code == 302 and answer.location == "/login?next=/api/docs"


def test_the_allowed_methods_are_named(as_person, cast):
    assert "GET" in as_person(cast.admin).put("/api/app/me").headers["Allow"]


def test_a_fault_of_ours_says_so_and_no_more(app, as_person, cast, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("cloudchat.services.labels.all_labels", broken)
    answer = as_person(cast.admin).get("/api/app/labels")
    assert is_error(answer, 500, "internal") and "secret detail" not in answer.text


def test_pages_answer_with_pages(client, as_person, cast, monkeypatch):
    missing = as_person(cast.admin).get("/app/nowhere", headers={"Accept": "text/html"})
    assert missing.status_code == 404 and "<html" in missing.text
    monkeypatch.setattr(
        "cloudchat.services.organizations.get", lambda _id: (_ for _ in ()).throw(RuntimeError("x"))
    )
    broken = as_person(cast.admin).get("/app/settings/general", headers={"Accept": "text/html"})
    assert broken.status_code == 500 and "<html" in broken.text and "Traceback" not in broken.text
    fragment = as_person(cast.admin).get("/app/nowhere", headers={"HX-Request": "true"})
    assert is_error(fragment, 404)


def test_too_many_says_when_to_come_back(app):
    with app.test_request_context("/api/x"):
        answer = web_module.render_error(TooMany(retry_after=2.3))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")


def test_errors_speak_the_callers_language(client):
    told = {
        language: client.get("/api/app/me", headers={"Accept-Language": language}).json["error"]["code"]
        for language in ("id", "en", "fr", "x" * 1000, "*")
    }
    assert set(told.values()) == {"unauthorized"}


# --- headers (H53) -----------------------------------------------------------------------------

PATHS = ["/login", "/api/app/me", "/api/nowhere", "/nowhere", "/healthz", "/static/css/app.css",
         "/webhooks/meta", "/api/openapi.json"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_security_headers_are_on_every_answer(client, path):
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-Id"])
    if not path.startswith("/static"):
        assert headers["Cache-Control"] == "no-store"


def test_private_pages_are_kept_by_no_cache(as_person, cast):
    for path in ("/app/inbox", "/app/settings/security", "/api/app/contacts"):
        assert as_person(cast.admin).get(path).headers["Cache-Control"] == "no-store"


def test_a_given_request_id_is_kept_if_it_is_harmless(client):
    given = {"X-Request-Id": "abc-12345678"}
    assert client.get("/healthz", headers=given).headers["X-Request-Id"] == "abc-12345678"
    for bad in ("a", "x" * 65, "a b c d e f g h", '"><script>'):
        assert client.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


def test_cookies_are_kept_from_scripts_and_other_sites(client, app_with):  # noqa: F811
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    secure = app_with(public_url="https://desk.example").test_client().get("/login").headers
    assert "Secure" in secure["Set-Cookie"] and "HttpOnly" in secure["Set-Cookie"]
    assert "max-age" in secure["Strict-Transport-Security"]


# --- health and metrics ------------------------------------------------------------------------


def test_health_readiness_metrics(client):
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["database"], ready.json["redis"]) == (200, True, True)
    text = client.get("/metrics").text
    assert "cloudchat_requests_total" in text and 'endpoint="system.healthz"' in text


def test_without_redis_it_lives_but_is_not_ready(app_with, cast):  # noqa: F811
    """And people go on logging in, with limits counted in the process."""
    lame = app_with(redis_url=f"redis://127.0.0.1:{free_port()}/0").test_client()
    assert lame.get("/healthz").status_code == 200
    ready = lame.get("/readyz")
    assert (ready.status_code, ready.json["database"], ready.json["redis"]) == (503, True, False)
    refused = lame.post("/api/auth/login", json={"email": "a@b.test", "password": "x"})
    assert refused.status_code == 401
    assert lame.get("/api/app/me", headers=cast.admin.headers).status_code == 200


def test_without_the_database_it_says_so(app_with):  # noqa: F811
    lost = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    lame = app_with(database_url=lost).test_client()
    assert lame.get("/healthz").status_code == 200
    assert lame.get("/readyz").status_code == 503
    assert is_error(lame.get("/api/app/me", headers={"Authorization": "Bearer cc_1_x"}), 503, "unavailable")
