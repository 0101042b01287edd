"""Only Meta's own signature opens the door, and only its handshake gets an answer."""

import hashlib
import hmac
import json

import pytest

from cloudchat.channels.meta_signature import handshake, is_signed

SECRET = "app-secret"
RAW = b'{"text":"caf\\u00e9 \\/ 1"}'


def sign(raw: bytes, secret: str = SECRET, algorithm: str = "sha256") -> str:
    digest = hmac.new(secret.encode(), raw, getattr(hashlib, algorithm)).hexdigest()
    return f"{algorithm}={digest}"


def test_the_right_signature_over_the_raw_bytes_is_taken() -> None:
    assert is_signed(RAW, sign(RAW), SECRET)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        sign(RAW)[:-2],
        sign(RAW) + "00",
        sign(RAW, algorithm="sha1"),
        sign(RAW).replace("sha256=", "sha1="),
        "sha256=" + sign(RAW)[7:].upper(),
        sign(RAW)[7:],
        sign(RAW, "another-secret"),
        sign(json.dumps(json.loads(RAW)).encode()),
        "sha256=ünïcode",
        "sha256=\ud800",
    ],
)
def test_every_other_is_refused(header: str | None) -> None:
    assert not is_signed(RAW, header, SECRET)


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(RAW, sign(RAW, ""), "")


GOOD = {"hub.mode": "subscribe", "hub.verify_token": "token", "hub.challenge": "1158201444"}


def test_the_handshake_gives_the_challenge_back() -> None:
    assert handshake(GOOD, "token") == "1158201444"


@pytest.mark.parametrize(
    "change",
    [
        {"hub.mode": "unsubscribe"},
        {"hub.mode": ""},
        {"hub.verify_token": "other"},
        {"hub.verify_token": ""},
        {"hub.verify_token": "tokén"},
        {"hub.challenge": ""},
        {"hub.challenge": "<script>alert(1)</script>"},
        {"hub.challenge": "1\r\nSet-Cookie: a=b"},
    ],
)
def test_every_other_handshake_is_refused(change: dict) -> None:
    assert handshake({**GOOD, **change}, "token") is None


def test_the_handshake_needs_all_its_parts_and_a_token_of_ours() -> None:
    for missing in GOOD:
        assert handshake({key: GOOD[key] for key in GOOD if key != missing}, "token") is None
    assert handshake({**GOOD, "hub.verify_token": ""}, "") is None
