"""What visitors write and read: once, in order, clean, and nothing that is only the desk's."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
from sqlalchemy import func, select

from cloudchat.extensions import db
from cloudchat.models import Conversation, Message
from cloudchat.services import webchat_view
from cloudchat.tenancy import acting_as
from tests import factories

CANARY = "KENARI-rahasia-desk"


def reply(agent, conversation, text, **more):
    answer = agent.post(
        f"/api/app/inbox/conversations/{conversation['id']}/messages", json={"text": text, **more}
    )
    assert answer.status_code == 201, answer.text
    return answer.json


def count(model, chat) -> int:
    with acting_as(chat.cast.organization_id):
        return db.session.scalar(select(func.count(model.id)).where(model.device_id == chat.device.id))


def test_a_message_is_answered_with_its_public_form(chat):
    answer = chat.visitor().post("Halo", "c-1")
    assert answer.status_code == 201
    message = answer.json
    assert message["conversation_id"] > 0
    assert {
        key: message[key] for key in ("direction", "sender_type", "type", "text", "status", "client_id")
    } == {
        "direction": "in",
        "sender_type": "contact",
        "type": "text",
        "text": "Halo",
        "status": "received",
        "client_id": "c-1",
    }
    assert message["created_at"].endswith("Z")


def test_both_sides_are_read_in_order(chat, agent, conversation_of):
    visitor = chat.visitor()
    first = visitor.post("satu").json
    reply(agent, conversation_of(), "dua")
    visitor.post("tiga")
    page = visitor.read().json
    assert [item["text"] for item in page["items"]] == ["satu", "dua", "tiga"]
    assert page["next_cursor"] is None and page["agent"] is None
    assert visitor.texts(after=first["id"]) == ["dua", "tiga"]
    assert visitor.texts(after=0, limit=1) == ["satu"]


def test_paging_forwards_and_backwards_leaves_no_gap(chat):
    visitor = chat.visitor()
    for at in range(7):
        visitor.post(f"p{at}")
    seen, cursor = [], "0"
    while cursor is not None:
        page = visitor.read(after=cursor, limit=3).json
        seen += [item["text"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"p{at}" for at in range(7)]
    page = visitor.read(limit=3).json
    back = page["items"]
    while page["next_cursor"]:
        page = visitor.read(before=page["next_cursor"], limit=3).json
        back = page["items"] + back
    assert [item["text"] for item in back] == seen


def test_bad_queries_are_refused(chat):
    visitor = chat.visitor()
    for query in (
        {"limit": 0},
        {"limit": 101},
        {"after": -1},
        {"after": "x"},
        {"after": 10**30},
        {"before": "1e3"},
    ):
        assert visitor.read(**query).status_code == 422, query


def test_a_repeat_changes_nothing(chat):
    visitor = chat.visitor()
    first, again = visitor.post("Halo", "c-1"), visitor.post("lain", "c-1")
    assert again.status_code == 201 and again.json == first.json
    assert count(Message, chat) == 1


def test_the_same_client_id_of_two_visitors_is_two_messages(chat):
    one, other = chat.visitor(), chat.visitor()
    one.post("satu", "c-1")
    other.post("dua", "c-1")
    assert (one.texts(), other.texts()) == (["satu"], ["dua"])


def test_eight_at_once_are_one(chat, desk):
    token = chat.visitor("Ani").token
    url = f"{desk}/api/chat/{chat.key}/messages"

    def post(_):
        body = {"text": "Halo", "client_id": "sama"}
        return httpx.post(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    for _round in range(3):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(post, range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
    assert (count(Message, chat), count(Conversation, chat)) == (1, 1)


def test_eight_different_first_messages_at_once_are_one_conversation(chat, desk, agent):
    token = chat.visitor("Ani").token
    url = f"{desk}/api/chat/{chat.key}/messages"

    def post(at):
        body = {"text": f"m{at}", "client_id": f"c{at}"}
        return httpx.post(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    with ThreadPoolExecutor(8) as pool:
        assert {answer.status_code for answer in pool.map(post, range(8))} == {201}
    assert (count(Message, chat), count(Conversation, chat)) == (8, 1)
    [item] = agent.get(f"/api/app/inbox/conversations?device_id={chat.device.id}").json["items"]
    assert item["unread_count"] == 8


def test_hostile_text_is_kept_as_text_or_refused(chat):
    visitor = chat.visitor()
    for text in (
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "{{7*7}} ${x} #{y} {% import os %} {division.__class__}",
        "'; DROP TABLE messages; -- %_\\",
        "ص\u202egpj.exe\u2066",
        "a" + "\u0300" * 4000,
        "👨‍👩‍👧‍👦" * 300,
    ):
        assert visitor.post(text).json["text"] == text.strip()
    for text in ("", "   \n", "\u0000", "x" * 4097, None, 7, ["x"], {"a": 1}):
        answer = visitor.post(text)
        assert answer.status_code in (400, 422), text
    for raw in (b'{"text": "a\\ud800b", "client_id": "s1"}', b'{"text": "a\\u0000b", "client_id": "s2"}'):
        answer = chat.call(
            "post", "messages", data=raw, content_type="application/json", headers=visitor.headers
        )
        assert answer.status_code in (201, 400, 422)
        if answer.status_code == 201:
            assert answer.json["text"] == "ab"


def test_hostile_bodies_are_refused(chat):
    visitor = chat.visitor()
    for raw, kind in (
        (b"[" * 100_000, "application/json"),
        (b'{"client_id":', "application/json"),
        (b"null", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"text":"x","client_id":"1"}', "text/plain"),
        (b"x" * 100, "multipart/form-data; boundary=y"),
    ):
        answer = chat.call("post", "messages", data=raw, content_type=kind, headers=visitor.headers)
        assert 400 <= answer.status_code < 500, (raw[:20], answer.status_code)


def test_hostile_client_ids_and_payloads_are_refused(chat):
    visitor = chat.visitor()
    for client_id in ("x" * 101, "a\nb", "\x07", 7, None, ["a"]):
        body = {"text": "x", "client_id": client_id}
        assert chat.call("post", "messages", json=body, headers=visitor.headers).status_code in (400, 422), (
            client_id
        )
    for payload in ("x", [1], {"button_id": {"a": 1}}, {"button_id": "x" * 201}, {"button_id": 5}):
        assert visitor.post("x", payload=payload).status_code == 422, payload
    assert visitor.post("x", payload={"direction": "out", "sender_id": 1}).json["payload"] == {}


def test_a_tap_names_its_button(chat, agent, conversation_of):
    visitor = chat.visitor()
    visitor.post()
    reply(
        agent,
        conversation_of(),
        "Pilih",
        buttons=[{"id": "a", "title": "Reguler"}, {"id": "b", "title": "Kilat"}],
    )
    offered = visitor.read().json["items"][-1]
    assert offered["payload"]["buttons"] == [{"id": "a", "title": "Reguler"}, {"id": "b", "title": "Kilat"}]
    tapped = visitor.post("Kilat", payload={"button_id": "b"}).json
    assert (tapped["type"], tapped["payload"]) == ("interactive", {"choice_id": "b"})


def test_after_it_was_resolved_a_new_conversation_opens_and_history_stays(chat, agent, conversation_of):
    visitor = chat.visitor()
    old = visitor.post("lama", "c-1").json["conversation_id"]
    reply(agent, conversation_of(), "jawaban lama")
    agent.post(f"/api/app/inbox/conversations/{old}/status", json={"status": "resolved"})
    assert visitor.post("lama", "c-1").json["conversation_id"] == old
    assert count(Conversation, chat) == 1, "a repeat must not open an empty conversation"
    new = visitor.post("baru").json["conversation_id"]
    assert new != old
    assert visitor.texts() == ["lama", "jawaban lama", "baru"]


def test_merged_contacts_read_their_common_thread(chat, as_person, cast, conversation_of):
    one, other = chat.visitor("Ani"), chat.visitor("Ani HP")
    one.post("dari laptop")
    kept = conversation_of()["contact"]["id"]
    other.post("dari ponsel")
    gone = conversation_of()["contact"]["id"]
    merged = as_person(cast.admin).post(f"/api/app/contacts/{kept}/merge", json={"contact_id": gone})
    assert merged.status_code == 200, merged.text
    other.post("masih saya")
    assert "masih saya" in one.texts() and "masih saya" in other.texts()


def test_the_agent_and_what_was_read_are_told(chat, agent, cast, conversation_of):
    visitor = chat.visitor()
    message = visitor.post().json
    page = visitor.read().json
    assert (page["read_up_to"], page["agent"]) == (0, None)
    path = f"/api/app/inbox/conversations/{message['conversation_id']}"
    agent.post(path + "/assign", json={"agent_id": cast.agent.id})
    agent.post(path + "/read", json={})
    page = visitor.read().json
    assert page["read_up_to"] == message["id"] and page["agent"] == {"name": cast.agent.name}


def test_seen_moves_the_desks_ticks_and_never_back(chat, agent, conversation_of):
    visitor, stranger = chat.visitor(), chat.visitor()
    visitor.post()
    stranger.post()
    stranger_row = conversation_of()
    mine = agent.get(f"/api/app/inbox/conversations?device_id={chat.device.id}").json["items"][1]
    other = reply(agent, stranger_row, "untuk orang lain")
    sent = reply(agent, mine, "jawaban")

    def status(row, message):
        items = agent.get(f"/api/app/inbox/conversations/{row['id']}/messages").json["items"]
        return next(item["status"] for item in items if item["id"] == message["id"])

    def tell(state, message_id=sent["id"]):
        body = {"message_id": message_id, "status": state}
        return chat.call("post", "seen", json=body, headers=visitor.headers).status_code

    assert tell("delivered") == 204 and status(mine, sent) == "delivered"
    assert tell("read") == 204 and status(mine, sent) == "read"
    assert tell("delivered") == 204 and status(mine, sent) == "read"
    assert tell("read", 2**53) == 204 and status(stranger_row, other) == "sent"
    assert tell("failed") == 422 and tell("read", -1) == 422 and tell("read", 2**60) == 422


def test_notes_and_internal_fields_never_reach_the_visitor(chat, agent, as_person, cast, conversation_of):
    visitor = chat.visitor("Ani")
    visitor.post("Halo")
    row = conversation_of()
    path = f"/api/app/inbox/conversations/{row['id']}"
    assert agent.post(path + "/notes", json={"text": CANARY}).status_code == 201
    manager = as_person(cast.manager)
    label = factories.label(cast.organization_id, f"{CANARY}-label")
    manager.put(path + "/labels", json={"labels": [label.name]})
    manager.patch(
        f"/api/app/contacts/{row['contact']['id']}",
        json={"name": f"{CANARY}-nama", "email": "kenari@rahasia.test"},
    )
    with acting_as(cast.organization_id):
        message = db.session.scalar(select(Message).where(Message.conversation_id == row["id"]))
        message.payload = {"routing": CANARY, "buttons": [{"id": "a", "title": "A", "secret": CANARY}]}
        message.error = {"code": "x", "message": CANARY}
        db.session.commit()
    visitor.post("lagi")
    shown = visitor.read().text + visitor.read(after=0).text + visitor.post("dan lagi").text
    assert CANARY not in shown and "kenari@" not in shown
    assert cast.agent.email not in shown and str(chat.device.external_account) not in shown
    item = visitor.read().json["items"][0]
    assert set(item) == {*webchat_view.PUBLIC_FIELDS, "payload", "client_id"}


def test_a_message_that_was_taken_back_is_not_shown(chat, agent, conversation_of):
    visitor = chat.visitor()
    visitor.post()
    message = reply(agent, conversation_of(), "salah kirim")
    with acting_as(chat.cast.organization_id):
        db.session.get(Message, message["id"]).status = "failed"
        db.session.commit()
    assert visitor.texts() == ["Halo"]


def test_public_messages_are_made_from_an_allow_list():
    message = {name: None for name in webchat_view.PUBLIC_FIELDS}
    message |= {"sender_id": 5, "error": {"x": CANARY}, "anything_new": CANARY, "payload": {"new": CANARY}}
    assert CANARY not in json.dumps(webchat_view.public_message(message))
