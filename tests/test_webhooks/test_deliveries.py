"""Outgoing webhooks: kept with what happened, signed, tried again, switched off, replayed."""

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import event, select

from cloudchat.clients import guarded
from cloudchat.extensions import db, now
from cloudchat.models import Notification, Webhook, WebhookDelivery, WebhookTry
from cloudchat.services import contacts
from cloudchat.services.webhooks import log, recording, sending
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import wait_until
from tests.test_webhooks.conftest import SECRET


@pytest.fixture
def kept(cast):
    """`kept()`: the organization's deliveries, in order."""

    def rows():
        with acting_as(cast.organization_id):
            return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))

    return rows


def bodies(receiver) -> list[dict]:
    return [json.loads(body) for _, body in receiver.calls]


def webhook(cast, number) -> Webhook:
    with acting_as(cast.organization_id):
        return db.session.get(Webhook, number)


def new_contact(cast):
    """Something happens: a contact is made by hand."""
    with acting_as(cast.organization_id):
        return contacts.create({"name": "Sari"})


def test_what_happens_arrives_signed(cast, hook, receiver, send, as_person):
    device = factories.device(cast.organization_id, "webchat")
    talk = factories.conversation(cast.organization_id, device, name="Budi ☕")
    desk = as_person(cast.admin)
    url = f"/api/app/inbox/conversations/{talk.id}"
    assert desk.post(f"{url}/messages", json={"text": "Halo"}).status_code == 201
    assert desk.post(f"{url}/assign", json={"agent_id": cast.agent.id}).status_code == 200
    assert desk.post(f"{url}/status", json={"status": "resolved"}).status_code == 200
    made = desk.post("/api/app/contacts", json={"name": "Sari"}).json["id"]
    assert desk.patch(f"/api/app/contacts/{made}", json={"name": "Sari Dewi"}).status_code == 200

    def all_there() -> bool:
        """A running worker may have some of them in hand."""
        send()
        return wanted <= {item["event"] for item in bodies(receiver)}

    wanted = {"message.created", "conversation.updated", "conversation.resolved"}
    wanted |= {"contact.created", "contact.updated"}
    wait_until(all_there)
    told = bodies(receiver)
    by_event = {item["event"]: item for item in told}
    message = by_event["message.created"]["data"]
    assert message["message"]["text"] == "Halo"
    assert message["conversation"]["contact"]["name"] == "Budi ☕"
    assert by_event["contact.updated"]["data"]["contact"]["name"] == "Sari Dewi"
    headers, body = receiver.calls[0]
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert headers["X-CloudChat-Signature"] == f"sha256={signed}"
    assert headers["X-CloudChat-Event-Id"] == told[0]["id"]
    assert told[0]["sent_at"].endswith("Z")  # under the signature, so that an old call can be told
    assert len({item["id"] for item in told}) == len(told)


def test_a_rolled_back_change_tells_nothing(cast, hook, kept):
    with acting_as(cast.organization_id):
        row = contacts.get(factories.contact(cast.organization_id).id)
        recording.events.publish(recording.events.ContactChanged(cast.organization_id, row.id))
        db.session.rollback()
    assert kept() == []


def test_without_webhooks_a_change_costs_no_statement(cast):
    statements = []

    def count(_connection, _cursor, statement, *_rest):
        statements.append("webhook" in statement)

    recording.forget(cast.organization_id)
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        for _ in range(3):
            new_contact(cast)
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert sum(statements) == 1  # whether there is one is asked once in five seconds


def test_failures_are_tried_again_with_growing_waits(cast, hook, receiver, send, kept):
    receiver.statuses = [500, 404, 503]
    new_contact(cast)
    moment = now()
    for minutes, tries in ((0, 1), (1, 2), (5, 3), (20, 4)):
        with time_machine.travel(moment + timedelta(minutes=minutes), tick=True):
            send()
            send()  # not due again yet
        assert len(receiver.calls) == tries
    [row] = kept()
    assert (row.state, row.attempts, row.reason) == ("done", 4, None)
    assert len({body["id"] for body in bodies(receiver)}) == 1
    with acting_as(cast.organization_id):
        found = log.tries(row.id)
    assert [item.status for item in found] == [500, 404, 503, 200]
    assert (found[0].reason, found[0].answer, found[3].answer) == ("bad_status", "ok", "ok")
    assert webhook(cast, hook).failures == 0


def test_after_eight_tries_it_has_failed_and_is_replayed_by_hand(cast, hook, receiver, send, kept, as_person):
    receiver.statuses = [500] * 8
    new_contact(cast)
    moment = now()
    for hours in (0, 1, 2, 3, 4, 8, 16, 36):
        with time_machine.travel(moment + timedelta(hours=hours), tick=True):
            send()
    [row] = kept()
    assert (row.state, row.attempts, row.reason, len(receiver.calls)) == ("failed", 8, "bad_status", 8)
    url = f"/api/app/webhooks/{hook}/deliveries/{row.id}/replay"
    again = as_person(cast.admin).post(url)
    assert (again.status_code, again.json["replay_of"]) == (201, row.id)
    assert (
        as_person(cast.admin)
        .post(f"/api/app/webhooks/{hook}/deliveries/{again.json['id']}/replay")
        .status_code
        == 409
    )
    with time_machine.travel(moment + timedelta(hours=73), tick=True):
        send()
    assert bodies(receiver)[-1]["id"] == row.event_id


def test_410_switches_it_off_and_tells_admins(cast, hook, receiver, send, kept):
    receiver.statuses = [410]
    new_contact(cast)
    send()
    row = webhook(cast, hook)
    assert (row.is_active, row.off_reason, row.last_status) == (False, "gone", 410)
    new_contact(cast)
    assert len(kept()) == 1
    recording.events.drain()
    with acting_as(cast.organization_id):
        told = db.session.scalars(select(Notification).where(Notification.kind == "webhook_off")).all()
    assert [item.user_id for item in told] == [cast.admin.id]


def test_three_days_of_failure_switch_it_off(cast, hook, receiver, send, kept):
    receiver.statuses = [500] * 20
    moment = now()
    for day in (0, 1, 2, 4):
        with time_machine.travel(moment + timedelta(days=day), tick=True):
            new_contact(cast)
            send()
        assert webhook(cast, hook).is_active == (day < 4)
    assert {row.state for row in kept()} == {"failed"}


def test_a_dead_address_is_tried_by_one_delivery_at_a_time(cast, hook, receiver, send):
    receiver.statuses = [500] * 50
    for _ in range(12):
        new_contact(cast)
    send()
    before = len(receiver.calls)
    assert before == 12  # all are tried once, beside each other
    with time_machine.travel(now() + timedelta(minutes=30), tick=True):
        send()
    assert len(receiver.calls) == before + 1


def test_a_dead_workers_claim_is_taken_up_again(cast, hook, receiver, send, kept):
    new_contact(cast)
    with acting_as(cast.organization_id):
        assert len(sending.claim()) == 1
        assert sending.claim() == []
    send()
    assert receiver.calls == []
    with time_machine.travel(now() + timedelta(seconds=61), tick=True):
        send()
    assert [row.state for row in kept()] == ["done"]


def test_of_an_answer_the_beginning_is_read_and_no_longer_than_a_call_may_take(odd_server, monkeypatch):
    """H33: endless and dripping answers; the secret does not come back in the log."""

    def endless(file):
        file.write(SECRET.encode())
        while True:
            file.write(b"\0x" * 5000)

    odd_server.answer = endless
    outcome = sending.post(sending.Call(1, odd_server.url, SECRET, b"{}", {}))
    assert outcome.is_success
    assert 0 < len(outcome.answer) <= sending.KEPT_ANSWER
    assert SECRET not in outcome.answer

    def drips(file):
        for _ in range(200):
            file.write(b"x")
            file.flush()
            time.sleep(0.05)

    odd_server.answer = drips
    monkeypatch.setattr(guarded, "LONGEST", 0.5)
    started = time.monotonic()
    assert guarded.call(odd_server.url, b"{}", {}, keep=2048).status == 200
    assert time.monotonic() - started < 6


def test_old_deliveries_are_forgotten(cast, hook, receiver, send, kept):
    new_contact(cast)
    send()
    with acting_as(cast.organization_id):
        assert log.drop_old() == 0
    with time_machine.travel(now() + timedelta(days=15), tick=True), acting_as(cast.organization_id):
        assert log.drop_old() == 1
        assert db.session.scalars(select(WebhookTry)).all() == []
    assert kept() == []


def test_the_api_shows_the_secret_once(cast, receiver, as_person):
    desk = as_person(cast.admin)
    given = {"url": receiver.url, "events": ["message.created"]}
    made = desk.post("/api/app/webhooks", json=given)
    assert made.status_code == 201
    assert len(made.json["secret"]) >= 32
    url = f"/api/app/webhooks/{made.json['id']}"
    for answer in (desk.get("/api/app/webhooks"), desk.get(url), desk.patch(url, json={"is_active": True})):
        assert answer.status_code == 200
        assert "secret" not in answer.text
    fresh = desk.post(f"{url}/secret").json["secret"]
    assert fresh != made.json["secret"]
    stale = desk.get(url).json["version"]
    assert desk.patch(url, json={"description": "Toko", "version": stale}).status_code == 200
    assert desk.patch(url, json={"description": "Gudang", "version": stale}).status_code == 409
    tested = desk.post(f"{url}/test")
    assert (tested.status_code, tested.json["event"]) == (201, "webhook.test")
    assert desk.patch(url, json={"is_active": False}).json["is_active"] is False
    assert desk.post(f"{url}/test").json["error"]["code"] == "webhook_off"
    [row] = desk.get(f"{url}/deliveries?limit=1").json["items"]
    assert row["state"] in ("failed", "done")  # given up, unless a running worker was faster
    assert desk.get(f"{url}/deliveries/{row['id']}").json["data"] == {"webhook_id": made.json["id"]}
    assert desk.delete(url).status_code == 204
    assert as_person(cast.manager).get("/api/app/webhooks").status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["message.created", "x"]}, "events"),
        ({"secret": "kurang"}, "secret"),
        ({"description": "x" * 101}, "description"),
    ],
)
def test_what_cannot_work_is_refused(cast, as_person, change, field):
    given = {"url": "https://8.8.8.8/", "events": ["message.created"], **change}
    answer = as_person(cast.admin).post("/api/app/webhooks", json=given)
    assert (answer.status_code, list(answer.json["error"]["fields"])) == (422, [field])
