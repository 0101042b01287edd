"""Logs: one JSON object a line, with request, tenant and job ids, and without secrets."""

import json

import pytest
import structlog

from cloudchat import logs
from tests.test_hostile.conftest import app_with  # noqa: F401


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
    from cloudchat.services import stored_events

    seen = {}
    original = stored_events.process
    stored_events.process = lambda _id: seen.update(structlog.contextvars.get_contextvars())
    try:
        inbound.process(cast.organization_id, 1)
    finally:
        stored_events.process = original
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
