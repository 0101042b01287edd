"""The bytes of a webhook and their signature, right or wrong in all the ways to notice."""

import hashlib
import hmac
import json

SIGNATURES = ("valid", "missing", "wrong", "truncated", "sha1", "uppercase", "reserialized")


def encode(payload: dict, escape_slashes: bool = False) -> bytes:
    """JSON as Meta writes it: compact, non-ASCII escaped, slashes escaped if so switched."""
    text = json.dumps(payload, ensure_ascii=True, separators=(",", ":"))
    return (text.replace("/", "\\/") if escape_slashes else text).encode()


def mac(body: bytes, secret: str, algorithm: str = "sha256") -> str:
    """Hex HMAC over exactly these bytes."""
    return hmac.new(secret.encode(), body, algorithm).hexdigest()


def signature_headers(body: bytes, secret: str, how: str = "valid") -> dict[str, str]:
    """The signature headers of a webhook; `how` is one of SIGNATURES."""
    right = mac(body, secret)
    sha1 = {"X-Hub-Signature": f"sha1={mac(body, secret, hashlib.sha1)}"}
    match how:
        case "missing":
            return {}
        case "sha1":
            return sha1
        case "wrong":
            right = mac(body, secret + "?")
        case "truncated":
            right = right[:-8]
        case "uppercase":
            right = right.upper()
        case "reserialized":
            right = mac(json.dumps(json.loads(body), ensure_ascii=False, indent=1).encode(), secret)
    return {**sha1, "X-Hub-Signature-256": f"sha256={right}"}
