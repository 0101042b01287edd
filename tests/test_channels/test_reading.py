"""Bodies are read by a quick parser where they are strict JSON, and cleaned where they are not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchat.channels.payload import MAX_DEPTH, _any_object, load_object

NUMBERS = st.integers(-(10**17), 10**19 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=4), st.booleans())
def test_both_ways_read_the_same(body, ascii_only):
    raw = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert load_object(raw) == _any_object(raw)


@pytest.mark.parametrize(
    "raw, meaning",
    [
        (b'{"a": "x\\u0000y"}', {"a": "x\ufffdy"}),
        (b'{"a": "\\ud800"}', {"a": "\ufffd"}),
        (b'{"a": NaN, "b": 1e999}', {"a": None, "b": None}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": ' + b"9" * 400 + b"}", {"a": "9" * 64}),
    ],
)
def test_what_is_no_strict_json_is_cleaned(raw, meaning):
    assert load_object(raw) == meaning


def test_deep_nesting_is_cut_off():
    raw = b'{"a":' * (MAX_DEPTH * 2) + b"1" + b"}" * (MAX_DEPTH * 2)
    depth, inner = 0, load_object(raw)
    while isinstance(inner, dict):
        depth, inner = depth + 1, inner["a"]
    assert (depth, inner) == (MAX_DEPTH, None)


@pytest.mark.parametrize("raw", [b"", b"[]", b"1", b"{", b"{} x", b"null"])
def test_what_is_no_object_is_refused(raw):
    with pytest.raises(ValueError):
        load_object(raw)
