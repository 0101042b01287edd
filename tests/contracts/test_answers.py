"""What every answer has: the one form of errors, headers, request ids; and health, metrics, logs."""

import json
import os
import re
import subprocess
import sys

import pytest
import structlog

from cloudchat import logs
from cloudchat import web as web_module
from cloudchat.errors import TooMany
from tests.conftest import ROOT, free_port
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


# --- logs --------------------------------------------------------------------------------------


def test_logs_name_request_and_tenant_and_never_a_secret(desk, settings, cast):
    """What a running desk wrote: one JSON object a line."""
    import httpx

    httpx.get(f"{desk}/api/app/me", headers=cast.admin.headers)
    written = (settings[0].data_dir / "desk.log").read_text().splitlines()
    entries = [json.loads(line) for line in written if line.startswith("{")]
    assert entries and all({"event", "level", "timestamp"} <= set(entry) for entry in entries)
    assert cast.admin.token not in "\n".join(written)


def test_a_failing_request_is_logged_with_its_ids(as_person, cast, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr("cloudchat.services.labels.all_labels", broken)
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars, logs.mask_secrets]
    ) as entries:
        answer = as_person(cast.admin).get("/api/app/labels")
    entry = next(one for one in entries if one["event"] == "request_failed")
    assert entry["request_id"] == answer.headers["X-Request-Id"]
    assert (entry["organization_id"], entry["user_id"]) == (cast.organization_id, cast.admin.id)


def test_a_job_is_logged_with_its_name_and_tenant(cast, make):
    from cloudchat.jobs import inbound
    from cloudchat.services import intake

    seen = {}
    original = intake.process
    intake.process = lambda _id: seen.update(structlog.contextvars.get_contextvars())
    try:
        inbound.process(cast.organization_id, 1)
    finally:
        intake.process = original
    assert (seen["job"], seen["organization_id"]) == ("process", cast.organization_id)


SECRETS = {
    "password": "rahasia",
    "access_token": "EAAB",
    "Authorization": "Bearer x",
    "note": "Bearer abcdefgh cc_12_abcdefghijklmnopqrstuvwx",
    "url": "https://graph/?access_token=EAAbcdefghijklmnopqrstuvw&a=1",
    "body": {"secret": "nested", "list": [{"api_key": "deep"}, "EAAabcdefghijklmnopqrstuvwxyz"]},
}


def test_secrets_are_masked_by_name_and_by_form():
    shown = json.dumps(logs.mask_secrets(None, "info", SECRETS))
    for secret in ("rahasia", "EAA", "abcdefgh", "nested", "deep"):
        assert secret not in shown


def test_a_link_that_is_a_secret_is_not_logged(app):
    with app.test_request_context("/invitation/12.verysecret"):
        assert logs.shown_path() == "/invitation/***"


def test_a_log_line_stays_one_line(capfd, settings):
    """H20: what people write cannot forge a line."""
    logs.configure(settings[0])
    structlog.get_logger("test").warning("noted", text='x\r\n{"event": "forged"}\x1b[2J')
    lines = [line for line in capfd.readouterr().err.splitlines() if "noted" in line]
    assert len(lines) == 1 and json.loads(lines[0])["text"].startswith("x\r\n")


def test_errors_of_the_database_do_not_carry_what_was_written(app, context):
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from cloudchat.extensions import db

    with pytest.raises(DBAPIError) as caught:
        db.session.execute(text("select cast(:what as int)"), {"what": "rahasia"})
    db.session.rollback()
    assert "[parameters" not in str(caught.value) or "hidden" in str(caught.value)


# --- the configuration -------------------------------------------------------------------------

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GOOD = {
    "CLOUDCHAT_ENV": "production",
    "SECRET_KEY": "k" * 40,
    "ENCRYPTION_KEYS": KEY,
    "DATABASE_URL": "postgresql://a/b",
    "REDIS_URL": "redis://a",
    "META_APP_SECRET": "s",
    "META_VERIFY_TOKEN": "t",
}
REFUSALS = [
    ({"SECRET_KEY": ""}, "SECRET_KEY"),
    ({"SECRET_KEY": "changeme"}, "SECRET_KEY"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ({"ENCRYPTION_KEYS": ""}, "ENCRYPTION_KEYS"),
    ({"ENCRYPTION_KEYS": "nonsense"}, "ENCRYPTION_KEYS"),
    ({"ENCRYPTION_KEYS": f"{KEY},short"}, "ENCRYPTION_KEYS"),
    ({"META_APP_SECRET": "simulator-app-secret"}, "META_APP_SECRET"),
    ({"META_VERIFY_TOKEN": "simulator-verify-token"}, "META_VERIFY_TOKEN"),
    ({"DATABASE_URL": ""}, "DATABASE_URL"),
    ({"REDIS_URL": ""}, "REDIS_URL"),
    ({"PORT": "x"}, "PORT"),
    ({"PORT": "²"}, "PORT"),
    ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
]


@pytest.mark.parametrize("change, named", REFUSALS)
def test_production_refuses_what_is_unsafe(tmp_path, change, named):
    """H52: one clear line, and not the value of a secret in it."""
    from cloudchat import config

    env = {**GOOD, "CLOUDCHAT_DATA_DIR": str(tmp_path)} | change
    with pytest.raises(SystemExit) as refused:
        config.load(env)
    line = str(refused.value)
    assert named in line and "\n" not in line
    assert not (tmp_path / "secrets.json").exists()


def test_production_starts_with_secrets_of_its_own(tmp_path):
    from cloudchat import config

    assert config.load({**GOOD, "CLOUDCHAT_DATA_DIR": str(tmp_path)}).is_production


def test_a_refused_start_is_one_line(tmp_path):
    """As the operator sees it: no traceback."""
    env = {**os.environ, **GOOD, "SECRET_KEY": "", "CLOUDCHAT_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "wsgi.py"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.startswith("cloudchat: SECRET_KEY") and done.stderr.count("\n") == 1


def test_every_setting_is_in_the_operators_guide():
    """docs/operating.md names each environment variable that is read."""
    source = (ROOT / "cloudchat" / "config.py").read_text()
    read = set(re.findall(r'env(?:\.get\(|, )"([A-Z_]+)"', source))
    assert len(read) > 15
    guide = ROOT / "docs" / "operating.md"
    assert guide.exists(), "docs/operating.md is missing"
    missing = sorted(name for name in read if f"`{name}`" not in guide.read_text())
    assert not missing, f"explain in docs/operating.md: {missing}"


def test_development_secrets_are_random_and_kept(tmp_path):
    from cloudchat import config

    first, second = (config.load({"CLOUDCHAT_DATA_DIR": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key and len(first.secret_key) > 40
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    elsewhere = config.load({"CLOUDCHAT_DATA_DIR": str(tmp_path / "b")})
    assert elsewhere.secret_key != first.secret_key


def test_the_app_is_made_from_what_it_is_given(app_with):  # noqa: F811
    made = app_with(trusted_proxies=1)
    assert made.test_client().get("/healthz", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 200
