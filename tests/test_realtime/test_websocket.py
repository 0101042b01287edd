"""Our WebSocket transport against clients that break the protocol, dawdle, or vanish (RFC 6455, H58)."""

import itertools
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.test_realtime.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, frame, text

LIMIT, PING_INTERVAL, PING_TIMEOUT = 64 * 1024, 1.0, 1.0  # as in echo.py
FAREWELL = 2.0
BROKEN, NOT_TEXT, POLICY, TOO_BIG = 1002, 1007, 1008, 1009


@pytest.fixture(scope="module")
def port():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.test_realtime.echo"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    yield int(process.stdout.readline())
    process.terminate()
    process.wait(10)


@pytest.fixture
def wire(port):
    """`wire()`: a fresh line. Afterwards the server still answers, and has forgotten all but the asker."""
    opened = []

    def open_one(*args, **headers):
        opened.append(Wire(port, *args, **headers))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()
    asker, until = Wire(port), time.monotonic() + FAREWELL + 2
    while (count := asker.says("count")) != "1" and time.monotonic() < until:
        time.sleep(0.1)
    asker.close()
    assert count == "1"


def fragments(*bodies: bytes, code: int = TEXT) -> bytes:
    last = len(bodies) - 1
    parts = [frame(0 if place else code, body, final=place == last) for place, body in enumerate(bodies)]
    return b"".join(parts)


OPEN_END = frame(TEXT, b"4a", final=False)
RULES = {
    "no mask": (frame(TEXT, b"4x", mask=b""), BROKEN),
    "a reserved bit": (frame(TEXT, b"4x", reserved=4), BROKEN),
    "an unknown kind of message": (frame(3, b"4x"), BROKEN),
    "an unknown kind of control": (frame(11, b"4x"), BROKEN),
    "a ping in parts": (frame(PING, b"x", final=False), BROKEN),
    "a long ping": (frame(PING, b"x" * 126), BROKEN),
    "a continuation of nothing": (frame(0, b"4x"), BROKEN),
    "a message inside another": (OPEN_END + frame(TEXT, b"4b"), BROKEN),
    "a size that is too long for itself": (b"\x81\xfe\x00\x05" + bytes(9), BROKEN),
    "a size beyond all sizes": (b"\x81\xff" + b"\xff" * 8 + bytes(4), BROKEN),
    "a goodbye of one byte": (frame(CLOSE, b"\x03"), BROKEN),
    "a goodbye with a code that is never sent": (frame(CLOSE, (1005).to_bytes(2, "big")), BROKEN),
    "a goodbye with an unknown code": (frame(CLOSE, (2999).to_bytes(2, "big")), BROKEN),
    "a goodbye that is no text": (frame(CLOSE, b"\x03\xe8\xff"), NOT_TEXT),
    "no UTF-8": (frame(TEXT, b"4\xff"), NOT_TEXT),
    "half a character at the end": (frame(TEXT, b"4\xc3"), NOT_TEXT),
    "a surrogate in two parts": (fragments(b"4\xed", b"\xa0\x80"), NOT_TEXT),
    "no packet": (frame(TEXT, b"hello"), NOT_TEXT),
    "nothing": (frame(TEXT), NOT_TEXT),
    "too much at once": (frame(TEXT, b"4" + b"x" * LIMIT), TOO_BIG),
    "too much in parts": (fragments(*[b"4" + b"x" * 30_000] * 4), TOO_BIG),
    "too much without an end": (frame(BINARY, b"x" * 2 * LIMIT)[: LIMIT + 5000], TOO_BIG),
    "pings without a pause": (frame(PING) * 500, POLICY),
    "parts without a pause": (OPEN_END + frame(0, final=False) * 500, POLICY),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_ends_the_line_with_its_code(wire, rule):
    broken, code = RULES[rule]
    line = wire()
    line.send(broken)
    assert line.last_words() == code


@pytest.mark.parametrize("code", [None, 1000, 1001, 3000, 4999])
def test_a_goodbye_is_returned(wire, code):
    line = wire()
    line.send(frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") + b"bye"))
    assert line.last_words() == (code or 1005)


def test_the_server_says_goodbye(wire):
    """After all that it had to say, and though the other end does not answer."""
    line = wire()
    line.send(text("before"), text("leave"))
    begun = time.monotonic()
    assert line.last_words() == 1001
    assert time.monotonic() - begun < FAREWELL + 1


def test_pings_are_answered_also_between_parts(wire):
    line = wire()
    line.send(frame(PING, b"a"), OPEN_END, frame(PING, b"b"), frame(0, "é".encode()[:1], final=False))
    line.send(frame(0, "é".encode()[1:]))
    assert [line.hear() for _ in range(3)] == [(PONG, b"a"), (PONG, b"b"), (TEXT, "4aé".encode())]


def test_frames_may_come_with_the_handshake_and_byte_by_byte(wire):
    line = wire(text("early"))
    assert line.hear_text() == "early"
    line.send(*(bytes([byte]) for byte in text("slow") + frame(BINARY, b"\0\xff")))
    assert line.hear_text() == "slow"
    assert line.hear() == (BINARY, b"\0\xff")


HANDSHAKES = [
    {"Sec_WebSocket_Version": "8"},
    {"Sec_WebSocket_Key": ""},
    {"Sec_WebSocket_Key": "c2hvcnQ="},
    {"Sec_WebSocket_Key": "not base64 at all!!!!!!!"},
]


@pytest.mark.parametrize("headers", HANDSHAKES, ids=str)
def test_an_odd_handshake_is_refused(wire, headers):
    head = wire(**headers).head
    assert head.startswith(b"HTTP/1.1 426")
    assert b"Sec-WebSocket-Version: 13" in head


def test_compression_is_not_agreed_on(wire):
    assert b"xtensions" not in wire(Sec_WebSocket_Extensions="permessage-deflate").head


def test_a_line_that_is_cut_inside_a_frame_is_forgotten(wire):
    """The fixture sees that it is."""
    for part in (1, 3, 7, 500):
        line = wire()
        line.send(frame(TEXT, b"4" + b"x" * 1000)[:part])
        line.close()


def test_who_does_not_read_is_cut_and_holds_up_nobody(wire):
    slow, calm = wire(), wire()
    slow.send(text("flood"))
    begun = time.monotonic()
    assert calm.says("quick") == "quick"
    assert time.monotonic() - begun < 3
    time.sleep(0.3)
    heard = 0
    while slow.hear()[0] == TEXT:
        heard += 1
    assert heard < 400
    assert calm.says("still") == "still"


def test_who_reads_late_gets_everything_in_order(wire):
    line = wire()
    for number in range(90):
        line.send(text(f"{number} " + "x" * 2000))
    assert [int(line.hear_text().split()[0]) for _ in range(90)] == list(range(90))


def test_who_answers_no_ping_is_cut(wire):
    """A laptop that was shut: nothing comes any more, and no goodbye either."""
    line, awake = wire(), wire()
    assert line.hear() == (TEXT, b"2")
    begun = time.monotonic()
    assert awake.hear() == (TEXT, b"2")
    awake.send(frame(TEXT, b"3"))
    assert line.last_words() in (1000, 1001)  # whichever clock is first: the ping or the silence
    assert time.monotonic() - begun < PING_INTERVAL + 2 * PING_TIMEOUT + 1
    assert awake.says("here") == "here"


frames = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=140),
    final=st.booleans(),
    reserved=st.sampled_from([0, 0, 0, 1, 7]),
    mask=st.sampled_from([None, None, None, b"", b"\0\0\0\0"]),
)


@given(sent=st.lists(frames | st.binary(max_size=40), max_size=8), piece=st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_whatever_comes_the_line_goes_on_or_ends_in_order(port, sent, piece):
    """Random frames and bytes, cut anywhere: an answer to our goodbye, or a code of the protocol."""
    line = Wire(port)
    data = b"".join(sent)
    try:
        line.send(*(data[place : place + piece] for place in range(0, len(data), piece)))
        line.send(frame(CLOSE, (1000).to_bytes(2, "big")))
        line.sock.shutdown(1)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it had ended before
    assert line.last_words() in (1000, BROKEN, NOT_TEXT, None, 1001, 1005)
    line.close()


@given(message=st.text(max_size=300), cuts=st.lists(st.integers(0, 900), max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_message_in_any_parts_is_the_same_message(port, message, cuts):
    body = b"4" + message.encode()
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    pieces = [body[start:stop] for start, stop in itertools.pairwise(places)]
    line = Wire(port)
    line.send(fragments(*pieces))
    code, answer = line.hear()
    assert (code, answer.decode()) == (TEXT, "4" + message)
    line.close()
