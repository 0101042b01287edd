"""With the running desk: webhooks over HTTP, the worker, ticks coming back, two organizations."""

import concurrent.futures
import hashlib
import hmac
import time

import httpx
import pytest

from cloudchat import config
from cloudchat.extensions import redis
from cloudchat.jobs import sweeps
from cloudchat.services import outbound
from cloudchat.tenancy import acting_as
from tests.test_messages.numbers import body, identity
from tests.test_messages.test_received_files import attachment

HTTP = httpx.Client(timeout=20)


@pytest.fixture
def live(desk, number):
    """The number, with a desk that takes its webhooks and a worker that sends."""
    number.control("whatsapp/settings", {"statuses": True, "window": "status"}, "PATCH")
    return number


def post_webhook(desk, *changes) -> httpx.Response:
    raw = body(*changes)
    signature = hmac.new(config.active().meta_app_secret.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
    return HTTP.post(f"{desk}/webhooks/meta", content=raw, headers=headers)


def api(desk, person, path, **more) -> httpx.Response:
    headers = {**person.headers, **more.pop("headers", {})}
    return HTTP.post(f"{desk}/api/app/inbox/conversations/{path}", headers=headers, **more)


def test_a_talk_with_ticks(desk, live, cast, eventually):
    live.write(text="Halo kak")
    conversation = eventually(live.conversation)
    sent = api(desk, cast.agent, f"{conversation.id}/messages", json={"text": "Siap!"})
    assert sent.status_code == 201
    eventually(lambda: live.messages("out")[0].status == "delivered", 15)
    live.control("whatsapp/view", {"phone_number_id": live.id, "phone": live.customer})
    eventually(lambda: live.messages("out")[0].status == "read", 15)
    assert len(live.sent()) == 1 and live.outbox() == []


def test_ticks_in_the_wrong_order_and_before_our_own_answer(desk, live, cast, eventually):
    live.control(
        "whatsapp/settings",
        {"status_order": "reversed", "status_before_response": True, "status_copies": 3, "read": "auto"},
        "PATCH",
    )
    try:
        live.write(text="Halo kak")
        conversation = eventually(live.conversation)
        for n in range(3):
            api(desk, cast.agent, f"{conversation.id}/messages", json={"text": f"Siap {n}"})
        eventually(lambda: [row.status for row in live.messages("out")] == ["read"] * 3, 20)
    finally:
        normal = {
            "status_order": "normal",
            "status_before_response": False,
            "status_copies": 1,
            "read": "on_view",
        }
        live.control("whatsapp/settings", normal, "PATCH")
    assert [sent["text"] for sent in live.sent()] == ["Siap 0", "Siap 1", "Siap 2"]


def test_a_closed_window_told_later(desk, live, cast, eventually):
    """The provider takes the message and reports 131047 afterwards."""
    live.write(text="Halo kak")
    conversation = eventually(live.conversation)
    live.control("whatsapp/window", {"phone_number_id": live.id, "phone": live.customer, "hours_ago": 25})
    api(desk, cast.agent, f"{conversation.id}/messages", json={"text": "Terlambat"})
    failed = eventually(lambda: next((r for r in live.messages("out") if r.status == "failed"), None), 15)
    assert failed.error["code"] == "131047"


def test_a_picture_is_fetched_by_the_worker(desk, live, eventually):
    live.write(type="image", caption="Barangnya rusak")
    eventually(live.messages)
    row = eventually(lambda: (a := attachment(live)).state == "ready" and a, 15)
    assert row.mime.startswith("image/") and row.size > 0


def test_eight_posts_with_one_key_make_one_message(desk, live, cast, eventually):
    live.write(text="Halo kak")
    conversation = eventually(live.conversation)

    def post(_):
        headers = {"Idempotency-Key": "sekali-saja"}
        return api(desk, cast.agent, f"{conversation.id}/messages", json={"text": "Siap"}, headers=headers)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    eventually(live.sent, 15)
    time.sleep(0.3)
    assert len(live.messages("out")) == len(live.sent()) == 1


def test_a_key_of_a_refused_post_can_be_used_again(desk, live, cast, eventually):
    live.write(text="Halo kak")
    conversation = eventually(live.conversation)
    headers = {"Idempotency-Key": "nanti-lagi"}
    path = f"{conversation.id}/messages"
    assert api(desk, cast.agent, path, json={"text": ""}, headers=headers).status_code == 422
    assert api(desk, cast.agent, path, json={"text": "Siap"}, headers=headers).status_code == 201
    again = api(desk, cast.agent, path, json={"text": "Lain"}, headers=headers)
    assert again.status_code == 422 and again.json()["error"]["code"] == "key_reused"


def test_a_hundred_webhooks_at_once_are_all_there(desk, live):
    people = [f"62870{n:07d}" for n in range(10)]
    changes = [live.change([live.message(content=str(n), **{"from": people[n % 10]})]) for n in range(100)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda change: post_webhook(desk, change), changes))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(int(row.text) for row in live.messages()) == list(range(100))
    assert [row.unread_count for row in live.conversations()] == [10] * 10
    assert len(live.contacts()) == 10


def test_with_redis_emptied_what_waits_is_found_by_the_sweeper(desk, live, cast, eventually, context):
    """F9: the queue is gone, the rows are not."""
    live.write(text="Halo kak")
    conversation = eventually(live.conversation)
    with acting_as(cast.organization_id):
        outbound.reply(identity(cast.agent), conversation.id, "Tak ada yang tahu")  # no drain: no job
    assert live.sent() == []
    redis.client.flushdb()
    sweeps.due_outbox()
    eventually(live.sent, 60)  # other tests have left things to send, too
    eventually(lambda: live.outbox() == [], 15)
    assert len(live.sent()) == 1
