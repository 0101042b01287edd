"""The desk's socket against strangers and floods (H55-H60), and Redis against planted work (H66)."""

import base64
import json
import os
import pickle
import time

import pytest
import redis
import socketio
import websocket

from cloudchat import jobs
from cloudchat.jobs import sweeps
from cloudchat.realtime import checks, connected, rooms, serving
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401
from tests.test_auth.conftest import Browser, browser, person  # noqa: F401

REFUSED = socketio.exceptions.ConnectionError


@pytest.fixture
def wire(desk):
    """`wire()`: a bare websocket at the desk's address."""
    opened = []

    def one(**options):
        url = desk.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
        made = websocket.create_connection(url, timeout=20, **options)
        opened.append(made)
        return made

    yield one
    for each in opened:
        each.close()


def is_cut(line, seconds: float = 10) -> bool:
    """Does the other end close within this time?"""
    line.settimeout(0.2)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if line.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE:
                return True
        except websocket.WebSocketTimeoutException:
            continue
        except (websocket.WebSocketException, OSError):
            return True
    return False


AUTHS = {
    "nothing": {},
    "an empty token": {"auth": {"token": ""}},
    "a wrong token": {"auth": {"token": "cc_1_wrong"}},
    "a number": {"auth": {"token": 7}},
    "a list": {"auth": ["x"]},
    "half a character": {"auth": {"token": "cc_1_\ud800"}},
    "a forged cookie": {"headers": {"Cookie": "cloudchat=x.y.z"}},
}


@pytest.mark.parametrize("kind", AUTHS)
def test_h55_nobody_gets_in_without_a_name(open_socket, kind):  # noqa: F811
    with pytest.raises(REFUSED):
        open_socket(**AUTHS[kind])


def test_h55_an_ended_session_opens_no_socket(open_socket, browser, person):  # noqa: F811
    there = browser()
    there.log_in(person().email)
    cookie = {"Cookie": f"cloudchat={there.cookie()}"}
    assert open_socket(headers=cookie).client.connected
    there.post("/api/auth/logout")
    with pytest.raises(REFUSED):
        open_socket(headers=cookie)


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost.evil.test", "file://"])
def test_h55_another_sites_page_opens_no_socket(wire, browser, person, origin):  # noqa: F811
    """Though the browser sends our cookie along."""
    there = browser()
    there.log_in(person().email)
    with pytest.raises(websocket.WebSocketBadStatusException, match="400"):
        wire(origin=origin, cookie=f"cloudchat={there.cookie()}")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "desk.test"])
def test_h55_our_own_page_opens_one_under_whichever_name_it_was_reached(
    wire,
    settings,
    browser,  # noqa: F811
    person,  # noqa: F811
    host,
):
    there = browser()
    there.log_in(person().email)
    name = f"{host}:{settings[0].port}"
    line = wire(origin=f"http://{name}", host=name, cookie=f"cloudchat={there.cookie()}")
    line.recv()
    line.send("40")
    assert answer_to_connect(line).startswith("40")


def answer_to_connect(line) -> str:
    """Whether the namespace was joined (40) or refused (44); events may come before it."""
    while True:
        frame = line.recv()
        if frame.startswith(("40", "44")):
            return frame


def test_h56_rooms_cannot_be_named(socket_of, cast, make, as_person, eventually):  # noqa: F811
    """Whatever is asked for, only what may be seen is heard."""
    stranger, agent = socket_of(cast.stranger), socket_of(cast.agent)
    rooms = [
        f"org:{cast.organization_id}",
        f"agent:{cast.colleague.id}",
        f"supervisors:{cast.organization_id}",
        "*",
        ["org:1", "org:2"],
        "x" * 10_000,
    ]
    for room in rooms[:5]:
        for event in ("join", "subscribe", "room:join", "join_room"):
            stranger.client.emit(event, room)
    talk = make.conversation(cast.organization_id)
    make.message(talk)
    url = f"/api/app/inbox/conversations/{talk.id}/notes"
    as_person(cast.admin).post(url, json={"text": "rahasia"})
    eventually(lambda: "timeline:new" in agent.names())
    assert "timeline:new" not in stranger.names()


def test_h57_the_servers_own_events_are_not_taken(socket_of, cast, eventually):  # noqa: F811
    one, other = socket_of(cast.agent), socket_of(cast.colleague)
    for event in ("message:new", "queue:assigned", "unread:updated", "connect", "disconnect"):
        one.client.emit(event, {"conversationId": 1})
    time.sleep(0.3)
    assert not {"message:new", "queue:assigned"} & set(other.names())


def test_h57_faking_a_farewell_leaves_nothing_behind(socket_of, cast, as_person, eventually):  # noqa: F811
    """After `disconnect` as an event the socket is still checked, and cut when its token is revoked."""
    from cloudchat.services import accounts
    from cloudchat.tenancy import acting_as
    from tests.test_auth.test_access_ends import token_id

    socket = socket_of(cast.agent)
    socket.client.emit("disconnect", "client namespace disconnect")
    with acting_as(cast.organization_id):
        accounts.revoke_api_token(token_id(cast.agent))
    eventually(lambda: socket.ended, 6)


def test_h58_too_many_events_end_the_line(socket_of, cast, eventually):  # noqa: F811
    """Also of events that nobody takes. A colleague goes on undisturbed."""
    calm = socket_of(cast.colleague)
    for event in ("typing", "nonsense"):
        flood = socket_of(cast.agent)
        for _ in range(300):
            if flood.client.connected:
                try:
                    flood.client.emit(event, {"conversationId": 1})
                except socketio.exceptions.SocketIOError:
                    break
        eventually(lambda flood=flood: flood.ended or not flood.client.connected)
    begun = time.monotonic()
    calm.call("presence:heartbeat")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("size", [serving.MAX_FRAME + 1000, 10 * 1024 * 1024])
def test_h58_a_large_frame_ends_the_line(wire, size):
    line = wire()
    line.recv()
    try:
        line.send("40" + "x" * size)
    except OSError:
        return
    assert is_cut(line)


def test_h58_who_does_not_say_who_is_there_is_cut(wire):
    line = wire()
    line.recv()
    assert is_cut(line, checks.SILENT_SECONDS + checks.CHECK_INTERVAL + 3)


def test_h58_one_user_has_so_many_sockets(wire, cast):
    joined = 0
    for _ in range(connected.SOCKETS_PER_USER + 5):
        line = wire()
        line.recv()
        line.send("40" + json.dumps({"token": cast.agent.token}))
        joined += answer_to_connect(line).startswith("40")
    assert joined == connected.SOCKETS_PER_USER


FRAMES = ["", "4", "42", "4x", "42[", "42{}", '42["typing"', "45-", "9", "\0", "42[" * 5000]
FRAMES += ['42["typing",' + "[" * 20000, '42/nope,["x"]', "40/nope,{}"]


@pytest.mark.parametrize("frame", FRAMES, ids=[f"frame {n}" for n in range(len(FRAMES))])
def test_h58_odd_frames_break_nothing(desk, wire, socket_of, cast, frame):  # noqa: F811
    line = wire()
    line.recv()
    line.send("40" + json.dumps({"token": cast.agent.token}))
    line.recv()
    line.send(frame)
    time.sleep(0.05)
    assert socket_of(cast.colleague).call("presence:heartbeat") is None


def test_h60_there_is_no_polling_to_hijack(desk):
    import httpx

    url = f"{desk}/socket.io/?EIO=4&transport=polling"
    assert httpx.get(url).status_code == 400
    assert httpx.post(url + "&sid=x", content="4x").status_code == 400


def test_h66_a_pickle_in_redis_is_not_opened(desk, settings, tmp_path, socket_of, cast, eventually):  # noqa: F811
    """Neither on the socket's channel nor in a queue: nothing runs, and the desk goes on."""
    proof = tmp_path / "ran"

    class Planted:
        def __reduce__(self):
            return os.system, (f"touch {proof}",)

    planted = pickle.dumps(Planted())
    store = redis.Redis.from_url(settings[1]["REDIS_URL"])
    for message in (planted, base64.b64encode(planted), b"{", b"null", b'{"method": "x"}'):
        store.publish(rooms.CHANNEL, message)
    job = {"created_at": "2026-01-01T00:00:00Z", "data": planted, "origin": "default", "status": "queued"}
    store.hset("rq:job:planted", mapping=job)
    store.rpush("rq:queue:default", "planted")
    after = jobs.queue().enqueue(sweeps.snoozed, result_ttl=0)
    eventually(lambda: not store.exists(after.key), 60)  # it is done, and so is the one before it
    assert not proof.exists()
    assert socket_of(cast.agent).call("presence:heartbeat") is None
