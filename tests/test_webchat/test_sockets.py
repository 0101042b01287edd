"""The customers' socket: who gets in, what is heard, what cannot be said. Against the running desk."""

import json
import threading
import time

import httpx
import pytest
import socketio
import websocket

from cloudchat.services import webchat_visitors
from tests.conftest import wait_until

CANARY = "KENARI-rahasia-soket"


class Listener:
    """A visitor's or agent's open socket and everything that it heard."""

    def __init__(self, url, token, namespace="/chat"):
        self.heard: list[tuple[str, object]] = []
        self.client = socketio.Client(reconnection=False)
        self.namespace = namespace
        self.client.on(
            "*", lambda name, *data: self.heard.append((name, data[0] if data else None)), namespace
        )
        self.client.connect(url, auth={"token": token}, namespaces=[namespace], transports=["websocket"])

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]

    def wait_for(self, name, count=1):
        wait_until(lambda: self.names().count(name) >= count, 5, f"no {name}: {self.names()}")
        return [data for heard, data in self.heard if heard == name]

    def emit(self, name, payload):
        self.client.emit(name, payload, namespace=self.namespace)


@pytest.fixture
def listen(desk):
    """`listen(token)`: an open socket, closed after the test."""
    opened = []

    def open_one(token, **more):
        opened.append(Listener(desk, token, **more))
        return opened[-1]

    yield open_one
    for one in opened:
        one.client.eio.disconnect(abort=True)


@pytest.fixture
def at_desk(desk, cast):
    """Calls the running desk as the shop's agent (the app in this process emits to nobody's socket)."""
    with httpx.Client(base_url=desk, headers=cast.agent.headers, timeout=10) as client:
        yield client


def write(desk, chat, visitor, text="Halo", client_id=None):
    body = {"text": text, "client_id": client_id or f"c{time.time_ns()}"}
    answer = httpx.post(f"{desk}/api/chat/{chat.key}/messages", json=body, headers=visitor.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def dial(url, token, namespace="/chat", origin=None):
    """A bare websocket that asked to be let in, and what it was told."""
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    line = websocket.create_connection(address, timeout=5, origin=origin)
    line.recv()
    line.send(f"40{namespace},".replace("/,", "") + json.dumps({"token": token}))
    return line, line.recv()


def refused(url, token, **more) -> bool:
    try:
        line, answer = dial(url, token, **more)
    except websocket.WebSocketBadStatusException:
        return True
    line.close()
    return answer.startswith("44")


def test_without_a_good_token_nobody_gets_in(desk, chat, cast):
    good = chat.visitor().token
    for token in (None, "", "x", good[:-1], good + "x", 7, ["a"], {"a": 1}, cast.agent.token):
        assert refused(desk, token), token
    assert not refused(desk, good)


def test_a_visitors_token_opens_no_agents_socket(desk, chat):
    assert refused(desk, chat.visitor().token, namespace="/")


def test_other_sites_get_no_socket(desk, chat):
    token = chat.visitor().token
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        assert refused(desk, token, origin=origin), origin
    assert not refused(desk, token, origin=desk)


def test_an_expired_token_is_refused(desk, chat):
    import time_machine

    with time_machine.travel("2020-01-01T00:00:00Z"):
        token = webchat_visitors.start_session(webchat_visitors.open_chat(chat.key))
    assert refused(desk, token)


def test_both_sides_hear_each_other(desk, chat, cast, listen, at_desk):
    visitor = chat.visitor("Ani")
    page, inbox = listen(visitor.token), listen(cast.agent.token, namespace="/")
    sent = write(desk, chat, visitor, client_id="c-1")
    [own] = page.wait_for("message:new")
    assert (own["id"], own["client_id"], own["direction"]) == (sent["id"], "c-1", "in")
    inbox.wait_for("message:new")
    path = f"/api/app/inbox/conversations/{sent['conversation_id']}"
    at_desk.post(path + "/assign", json={"agent_id": cast.agent.id})
    assert page.wait_for("agent:assigned") == [{"agent": {"name": cast.agent.name}}]
    at_desk.post(path + "/read", json={})
    page.wait_for("message:read")
    at_desk.post(path + "/messages", json={"text": "Halo Kak"})
    answer = page.wait_for("message:new", 2)[1]
    assert (answer["text"], answer["sender_type"], answer["direction"]) == ("Halo Kak", "agent", "out")
    page.emit("typing", {"typing": True})
    [told] = inbox.wait_for("typing")
    assert (told["from"], told["conversationId"]) == ("contact", sent["conversation_id"])
    inbox.emit("typing", {"conversationId": sent["conversation_id"], "typing": True})
    assert page.wait_for("typing") == [{"from": "agent", "typing": True}]
    at_desk.post(path + "/status", json={"status": "resolved"})
    page.wait_for("conversation:resolved")


def test_a_file_arrives_with_its_address(desk, chat, listen):
    from tests.test_webchat.conftest import PNG

    visitor = chat.visitor()
    page = listen(visitor.token)
    httpx.post(
        f"{desk}/api/chat/{chat.key}/messages",
        data={"client_id": "f-1"},
        files={"file": ("foto.png", PNG)},
        headers=visitor.headers,
    )
    [message] = page.wait_for("message:new")
    url = message["payload"]["attachments"][0]["url"]
    assert httpx.get(desk + url).content == PNG


def test_typing_of_a_note_is_not_told(desk, chat, cast, listen):
    visitor = chat.visitor()
    sent = write(desk, chat, visitor)
    page, inbox = listen(visitor.token), listen(cast.agent.token, namespace="/")
    inbox.emit("typing", {"conversationId": sent["conversation_id"], "typing": True, "note": True})
    time.sleep(0.5)
    assert "typing" not in page.names()


def test_visitors_hear_only_their_own(desk, chat, cast, listen, at_desk):
    one, other = chat.visitor("Ani"), chat.visitor("Budi")
    page_one, page_other = listen(one.token), listen(other.token)
    sent = write(desk, chat, one, "rahasia Ani")
    path = f"/api/app/inbox/conversations/{sent['conversation_id']}"
    at_desk.post(path + "/assign", json={"agent_id": cast.agent.id})
    at_desk.post(path + "/messages", json={"text": "untuk Ani saja"})
    page_one.wait_for("message:new", 2)
    write(desk, chat, other, "halo dari Budi")
    page_other.wait_for("message:new")
    assert [data["text"] for _, data in page_other.heard if "text" in data] == ["halo dari Budi"]
    assert "agent:assigned" not in page_other.names()


def test_what_is_the_desks_own_is_never_sent(desk, chat, cast, listen, at_desk, make):
    visitor = chat.visitor("Ani")
    page = listen(visitor.token)
    sent = write(desk, chat, visitor)
    label = make.label(cast.organization_id, f"{CANARY}-label")
    division = make.division(cast.organization_id, f"{CANARY}-divisi")
    path = f"/api/app/inbox/conversations/{sent['conversation_id']}"
    contact = at_desk.get(path).json()["contact"]["id"]
    for method, url, body in (
        ("POST", path + "/notes", {"text": CANARY}),
        ("PUT", path + "/labels", {"labels": [label.name]}),
        ("POST", path + "/assign", {"agent_id": cast.colleague.id}),
        ("PATCH", f"/api/app/contacts/{contact}", {"name": CANARY, "email": "kenari@rahasia.test"}),
        ("POST", path + "/status", {"status": "pending"}),
        ("POST", path + "/read", {}),
        ("POST", path + "/messages", {"text": "selesai"}),
    ):
        answer = at_desk.request(method, url, json=body, headers=cast.admin.headers)
        assert answer.is_success, answer.text
    page.wait_for("message:new", 2)
    heard = json.dumps(page.heard)
    assert CANARY not in heard and "kenari@" not in heard and division.name not in heard
    assert cast.agent.email not in heard and cast.colleague.email not in heard
    known = {
        "message:new",
        "message:status",
        "message:read",
        "agent:assigned",
        "typing",
        "conversation:resolved",
    }
    assert set(page.names()) <= known


def test_a_visitor_cannot_speak_as_the_server(desk, chat, cast, listen, at_desk):
    one, other = chat.visitor(), chat.visitor()
    sent, theirs = write(desk, chat, one), write(desk, chat, other)
    page, target = listen(one.token), listen(other.token)
    inbox = listen(cast.agent.token, namespace="/")
    own = {"agent:presence", "unread:updated", "notification:new"}  # of itself, and of the two who just wrote
    for name in (
        "message:new",
        "queue:assigned",
        "agent:assigned",
        "unread:updated",
        "conversation:view",
        "join",
    ):
        page.emit(name, {"conversationId": theirs["conversation_id"], "room": f"org:{cast.organization_id}"})
    time.sleep(0.5)
    assert target.heard == [] and set(inbox.names()) <= own
    page.emit("typing", {"conversationId": theirs["conversation_id"], "typing": True})
    [told] = inbox.wait_for("typing")
    assert told["conversationId"] == sent["conversation_id"]


def test_rooms_cannot_be_entered_by_the_servers_own_words(desk, chat, cast, listen, at_desk):
    """`connect` and `disconnect` sent as events change nothing: the socket is neither lost nor doubled."""
    visitor, other = chat.visitor(), chat.visitor()
    write(desk, chat, visitor)
    page = listen(visitor.token)
    for name in ("disconnect", "connect"):
        # The client refuses these words; the protocol does not
        packet = f'2/chat,["{name}",{{"token":"{other.token}"}},{{"token":"{other.token}"}}]'
        page.client.eio.send(packet)
    time.sleep(0.3)
    write(desk, chat, other, "bukan untukmu")
    write(desk, chat, visitor, "untukku")
    page.wait_for("message:new")
    time.sleep(0.3)
    assert [data["text"] for name, data in page.heard if name == "message:new"] == ["untukku"]


def test_a_flood_is_cut_and_others_go_on(desk, chat, listen):
    flooder, calm = chat.visitor(), chat.visitor()
    page, other = listen(flooder.token), listen(calm.token)
    for at in range(200):
        try:
            page.emit(["typing", "message:new", "x"][at % 3], {"typing": True})
        except socketio.exceptions.BadNamespaceError:
            break
    wait_until(lambda: not page.client.connected, 5, "the flood was not cut")
    started = time.monotonic()
    write(desk, chat, calm)
    other.wait_for("message:new")
    assert time.monotonic() - started < 5


def test_a_frame_of_more_than_64_kb_is_cut(desk, chat, listen):
    page = listen(chat.visitor().token)
    page.emit("typing", {"typing": True, "x": "y" * 70_000})
    wait_until(lambda: not page.client.connected, 5, "the frame was taken")


def test_broken_packets_do_no_harm(desk, chat):
    token = chat.visitor().token
    hostile = (
        '42/chat,["typing"', '42/chat,{"a":1}', "42/chat,[]", "42/chat,[null]", '42/chat,[{"a":1}]',
        "451-/chat,[\"typing\",{\"_placeholder\":true,\"num\":0}]", "9", "4", "49/chat,x", '42["typing",{}]',
        '42/chat,["typing",null]', '42/chat,["typing",[[]]]', '42/chat,["__init__",{}]',
        '42/chat,["trigger_event",{}]',
        '42/chat,["on_connect",{}]', "42/" + "x" * 5000 + ',["typing"]',
    )  # fmt: skip
    for packet in hostile:
        line, answer = dial(desk, token)
        assert answer.startswith("40/chat"), packet
        line.send(packet)
        line.close()
    assert not refused(desk, token)


def test_one_visitor_has_a_handful_of_sockets(desk, chat, listen):
    token = chat.visitor().token
    for _ in range(10):
        listen(token)
    assert refused(desk, token)
    assert not refused(desk, chat.visitor().token)


def test_a_switched_off_chat_loses_its_sockets(desk, chat, cast, listen):
    visitor = chat.visitor()
    page = listen(visitor.token)
    gone = threading.Event()
    page.client.on("disconnect", lambda *_: gone.set(), "/chat")
    answer = httpx.patch(
        f"{desk}/api/app/devices/{chat.device.id}", json={"is_active": False}, headers=cast.admin.headers
    )
    assert answer.status_code == 200
    assert gone.wait(6)
    assert refused(desk, visitor.token)
