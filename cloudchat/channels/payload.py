"""Reading what providers send: hostile JSON becomes plain values that PostgreSQL can keep.

A genuine provider sends text from any phone, so a lone surrogate, a NUL or a number of 10,000 digits
must neither fail a whole batch nor reach the database.
"""

import hashlib
import json
import re
from datetime import UTC, datetime
from json import JSONDecodeError
from math import isfinite
from typing import Any

import orjson

MAX_DEPTH = 40  # a real event is about 10 deep; jsonb and json.dumps both recurse
MAX_ID = 255
MAX_TEXT = 65_536  # to_tsvector refuses texts of 1 MB
_OLDEST = 1_262_304_000  # 2010-01-01: nothing that we connect to is older
_UNFIT = re.compile("[\x00\ud800-\udfff]")


def _whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits[:64]


def _real_number(digits: str) -> float | None:
    value = float(digits)
    return value if isfinite(value) else None


_DECODER = json.JSONDecoder(
    parse_int=_whole_number, parse_float=_real_number, parse_constant=lambda name: None
)


def load_object(raw: bytes) -> dict:
    """The JSON object in `raw`, cleaned. Raises ValueError if it is not one."""
    value = _plain_object(raw)
    return _any_object(raw) if value is None else value


def _plain_object(raw: bytes) -> dict | None:
    """The quick way for what genuine providers send: in strict JSON nothing is left to be cleaned."""
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH or b"\\u0000" in raw:
        return None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _any_object(raw: bytes) -> dict:
    try:
        value = _DECODER.decode(raw.decode("utf-8", "replace"))
    except JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    if isinstance(value, dict):
        return clean(value)
    raise ValueError("not a JSON object")


def clean(value: Any, depth: int = MAX_DEPTH) -> Any:
    """JSON-like `value` without NUL and lone surrogates, cut off below `depth` levels."""
    kind = type(value)
    if kind is str:
        return clean_text(value)
    if kind is dict:
        return {clean_text(k): clean(v, depth - 1) for k, v in value.items()} if depth else None
    if kind is list or kind is tuple:
        return [clean(item, depth - 1) for item in value] if depth else None
    return value


def clean_text(text: str) -> str:
    """`text` with U+FFFD in place of what PostgreSQL or UTF-8 cannot hold."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNFIT.sub("\ufffd", text)


def as_dict(value: Any) -> dict:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def dicts(value: Any) -> list[dict]:
    """The objects in `value`, if it is an array; whatever else it holds means nothing to us."""
    return [v for v in value if v and isinstance(v, dict)] if isinstance(value, list) else []


def as_text(value: Any, limit: int = MAX_TEXT) -> str | None:
    """`value` if it is text, cut to `limit` characters; else None."""
    return clean_text(value[:limit]) if isinstance(value, str) else None


def ident(value: Any) -> str | None:
    """A provider's id as text that fits a unique index; an overlong one is replaced by its hash."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    text = clean_text(str(value))
    return text if len(text) <= MAX_ID else f"sha256:{digest(text)}"


def degrees(value: Any, most: float) -> float | None:
    """A coordinate, as number or text, if it is at most `most` degrees from the middle."""
    try:
        number = float(value) if isinstance(value, str | int | float) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and isfinite(number) and abs(number) <= most else None


def digest(value: Any) -> str:
    """A hash of the content of `value`, the same for the same content."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def moment(value: Any, now: datetime | None = None) -> datetime:
    """A provider's epoch seconds (or milliseconds) as UTC; now, where they make no sense.

    Never in the future: durations must not be negative because a provider's clock is ahead of ours.
    """
    now = now or datetime.now(UTC)
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 0.0
    except (ValueError, OverflowError):
        return now
    if seconds > 100_000_000_000:
        seconds /= 1000
    if not _OLDEST <= seconds <= now.timestamp():
        return now
    return datetime.fromtimestamp(seconds, UTC)
