"""The two ways in which Meta proves itself: the signature of a webhook and the handshake before it."""

import hashlib
import hmac
import re
from collections.abc import Mapping

_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{1,255}")


def is_signed(raw: bytes, header: str | None, secret: str) -> bool:
    """Is `header` (X-Hub-Signature-256) the signature of exactly these bytes by `secret`?

    Meta writes lower-case hex; anything else did not come from there.
    """
    if not secret or not header or not header.startswith("sha256="):
        return False
    wanted = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    given = header.removeprefix("sha256=")
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))


def handshake(query: Mapping[str, str], verify_token: str) -> str | None:
    """The challenge to answer as plain text, or None where the call is to be refused.

    Meta's challenge is a number; markup in it can only be an attempt to have us serve it.
    """
    token = query.get("hub.verify_token", "")
    same = hmac.compare_digest(token.encode("utf-8", "replace"), verify_token.encode())
    challenge = query.get("hub.challenge", "")
    if not verify_token or not same or query.get("hub.mode") != "subscribe":
        return None
    return challenge if _CHALLENGE.fullmatch(challenge) else None
