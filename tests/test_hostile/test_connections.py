"""The running desk against clients that dawdle, lie or flood (H4, H5, H58): its memory stays flat."""

import contextlib
import gzip
import hashlib
import hmac
import subprocess
import sys
import threading
import time

import httpx
import psutil
import pytest

from cloudchat import connections
from tests.conftest import ROOT

MEBIBYTE = 1024 * 1024
HOOK = "POST /webhooks/meta HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"


@pytest.fixture
def web_process(desk, settings):
    """The desk's web process."""
    port = settings[0].port
    found = [one for one in psutil.net_connections("tcp") if one.laddr.port == port]
    return psutil.Process(next(one.pid for one in found if one.status == "LISTEN"))


@pytest.fixture
def flat(web_process):
    """Fails if the desk grew by more than 25 MB over the test."""
    before = web_process.memory_info().rss
    yield
    grown = web_process.memory_info().rss - before
    assert grown < 25 * MEBIBYTE, f"the web process grew by {grown / MEBIBYTE:.0f} MB"


def signed(settings, raw: bytes) -> dict:
    secret = settings[0].meta_app_secret.encode()
    digest = hmac.new(secret, raw, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


def webhook_of(size: int) -> bytes:
    head, tail = b'{"object": "x", "pad": "', b'", "entry": []}'
    return head + b"x" * (size - len(head) - len(tail)) + tail


@pytest.mark.parametrize("extra, expected", [(0, 200), (1, 413), (97 * MEBIBYTE, 413)])
def test_h4_a_webhook_has_at_most_three_mebibytes(desk, settings, flat, extra, expected):
    raw = webhook_of(3 * MEBIBYTE + extra)
    try:
        answer = httpx.post(f"{desk}/webhooks/meta", content=raw, headers=signed(settings, raw), timeout=30)
        assert answer.status_code == expected
    except (httpx.WriteError, httpx.ReadError):
        assert extra > MEBIBYTE, "only who sends far too much is cut off before the answer"


def test_h4_the_same_without_a_length(desk, settings, flat):
    def pieces(size):
        sent = 0
        while sent < size:
            yield b"x" * 65536
            sent += 65536

    try:
        answer = httpx.post(f"{desk}/webhooks/meta", content=pieces(100 * MEBIBYTE), timeout=30)
        assert answer.status_code in (401, 403, 413)
    except (httpx.WriteError, httpx.ReadError):
        pass
    raw = webhook_of(2 * MEBIBYTE)
    kept = httpx.post(f"{desk}/webhooks/meta", content=iter([raw]), headers=signed(settings, raw))
    assert kept.status_code == 200


def test_h4_api_bodies_and_uploads_have_limits(desk, cast, make, flat):
    talk = make.conversation(cast.organization_id).id
    url = f"{desk}/api/app/inbox/conversations/{talk}"
    for path, size in (("/notes", 2 * MEBIBYTE), ("/messages", 30 * MEBIBYTE)):
        sent = b'{"text": "' + b"x" * size + b'"}'
        headers = {**cast.admin.headers, "Content-Type": "application/json"}
        assert httpx.post(url + path, content=sent, headers=headers, timeout=30).status_code in (413, 422)
    file = {"file": ("a.txt", b"x" * (26 * MEBIBYTE), "text/plain")}
    answer = httpx.post(url + "/messages", files=file, headers=cast.admin.headers, timeout=30)
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "payload_too_large"


def test_h5_packed_bodies_are_not_unpacked(desk, settings, flat):
    bomb = gzip.compress(b'{"a": "' + b"x" * (200 * MEBIBYTE) + b'"}', 9)
    headers = {**signed(settings, bomb), "Content-Encoding": "gzip"}
    assert httpx.post(f"{desk}/webhooks/meta", content=bomb, headers=headers).status_code == 415
    sent = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert httpx.post(f"{desk}/api/auth/login", content=bomb, headers=sent).status_code in (400, 415)


def test_h4_a_byte_now_and_then_is_answered_408(desk, line, flat):
    """Slow bodies and slow headers, thirty of each; meanwhile others are served as ever."""
    bodies = [line().send(HOOK, "Content-Length: 1000\r\n\r\n{") for _ in range(30)]
    heads = [line().send("GET / HTTP/1.1\r\nX-A: ") for _ in range(30)]
    until = time.monotonic() + connections.HEAD_SECONDS + 5
    stop = threading.Event()
    threading.Thread(target=_dribble, args=([*bodies, *heads], stop, until), daemon=True).start()
    for _ in range(20):
        begun = time.monotonic()
        assert httpx.get(f"{desk}/healthz").status_code == 200
        assert time.monotonic() - begun < 3
    answers = {each.status() for each in bodies + heads}
    stop.set()
    assert answers == {408}


def _dribble(lines, stop, until) -> None:
    while not stop.wait(2) and time.monotonic() < until:
        for each in lines:
            with contextlib.suppress(OSError):
                each.send(b"x")


@pytest.mark.parametrize(
    "head",
    [
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: abc\r\n",
        "Content-Length: 1e3\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\n Transfer-Encoding: chunked\r\n",
        "Content-Length : 5\r\n",
        "X: 1\nContent-Length: 5\r\n",
        "X: 1\0\r\n",
        "X\r\n",
        "X: 1\r\n" * 101,
        "X: " + "a" * 70_000 + "\r\n",
    ],
)
def test_two_readings_of_a_body_are_refused(line, head):
    assert line().send(HOOK, head, "\r\n").status() == 400


@pytest.mark.parametrize(
    "head",
    ["GET /" + "a" * 9000 + " HTTP/1.1\r\n\r\n", "X\r\n\r\n", "\x16\x03\x01\r\n\r\n", "GET / HTTP/9\r\n\r\n"],
)
def test_what_is_no_request_is_refused(line, head):
    assert line().send(head).status() in (0, 400, 414)


def test_a_refused_body_does_not_hold_the_line(line):
    """The answer comes before the body; the rest is thrown away for a moment and then cut off."""
    slow = line().send(HOOK, "Content-Length: 99999999\r\n\r\nabc")
    assert slow.status() == 413
    assert slow.is_closed(connections.DISCARD_SECONDS + 2)


def test_asking_for_an_upgrade_does_not_lift_the_limits(line):
    asked = HOOK + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 99999999\r\n\r\nabc"
    assert line().send(asked).status() in (405, 413)


def test_a_webhook_that_breaks_off_is_no_webhook(desk, settings, line):
    raw = webhook_of(1000)
    told = "".join(f"{name}: {value}\r\n" for name, value in signed(settings, raw).items())
    line().send(f"POST /webhooks/meta HTTP/1.1\r\n{told}Content-Length: 1000\r\n\r\n", raw[:500]).close()
    assert httpx.get(f"{desk}/healthz").status_code == 200


def test_a_line_is_used_again(line):
    once = line()
    for _ in range(3):
        assert once.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status() == 200


def test_a_request_that_arrives_as_the_process_ends_is_answered():
    """F30: with the kill that ended idle connections, half of these were answered 500."""
    program = [sys.executable, "-m", "tests.test_hostile.draining"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["200"] * 20
