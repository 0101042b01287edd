"""Graph's error table, code by code, through a real call."""

import json

import pytest

from cloudchat.channels.base import DeviceAccount, OutboundMessage
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.errors import ProviderError

TEXT = OutboundMessage(reference="out-1", to="628111111111", kind="text", text="Halo")

# code, HTTP status, permanent, base of the wait: the table of Meta's error codes
TABLE = [
    (0, 401, True, None),
    (190, 401, True, None),
    (1, 400, False, 5),
    (2, 503, False, 5),
    (3, 500, True, None),
    (4, 400, False, 120),
    (10, 403, True, None),
    (200, 403, True, None),
    (299, 403, True, None),
    (33, 400, True, None),
    (80007, 400, False, 900),
    (130429, 400, False, 5),
    (130429, 429, False, 5),
    (131056, 400, False, 1),
    (131048, 400, True, None),
    (131064, 400, True, None),
    (133016, 400, False, 3600),
    (368, 403, True, None),
    (131031, 403, True, None),
    (130497, 403, True, None),
    (100, 400, True, None),
    (131008, 400, True, None),
    (131009, 400, True, None),
    (130472, 400, True, None),
    (131000, 400, False, 5),
    (131005, 403, True, None),
    (131016, 500, False, 10),
    (131021, 400, True, None),
    (131026, 400, True, None),
    (131030, 400, True, None),
    (131037, 400, True, None),
    (131042, 400, True, None),
    (131045, 500, True, None),
    (131047, 400, True, None),
    (131049, 400, True, 86_400),
    (131050, 400, True, None),
    (131051, 400, True, None),
    (131052, 400, True, None),
    (131053, 400, True, None),
    (131057, 500, False, 60),
    (132000, 400, True, None),
    (132001, 404, True, None),
    (132005, 400, True, None),
    (132007, 400, True, None),
    (132012, 400, True, None),
    (132015, 400, True, None),
    (132016, 400, True, None),
    (135000, 400, False, 5),
]


def refused(
    graph, channel: WhatsAppCloud, device: DeviceAccount, status: int, body: bytes, **more
) -> ProviderError:
    graph.reply(status, body, **more)
    with pytest.raises(ProviderError) as caught:
        channel.send(device, TEXT)
    return caught.value


def graph_error(code: int | None, **more) -> bytes:
    told = {"message": f"(#{code}) Something", "type": "OAuthException", "code": code}
    told["error_data"] = {"messaging_product": "whatsapp", "details": "Why it was."}
    return json.dumps({"error": {**told, **more}}).encode()


@pytest.mark.parametrize(("code", "status", "permanent", "wait"), TABLE)
def test_each_code_has_its_consequence(
    graph, channel, device, *, code: int, status: int, permanent: bool, wait: float | None
) -> None:
    error = refused(graph, channel, device, status, graph_error(code))
    assert (error.code, error.details) == (str(code), "Why it was.")
    assert (error.permanent, error.retry_after) == (permanent, wait)
    assert error.reauth == (code in (0, 190))
    assert not error.unknown_outcome


@pytest.mark.parametrize(
    ("status", "more", "permanent", "unknown"),
    [
        (400, {}, True, False),
        (400, {"is_transient": True}, False, False),
        (429, {}, False, False),
        (500, {}, False, True),
        (503, {"is_transient": True}, False, True),
        (200, {}, False, True),
    ],
)
def test_an_unlisted_code_goes_by_its_status(
    graph, channel, device, *, status: int, more: dict, permanent: bool, unknown: bool
) -> None:
    error = refused(graph, channel, device, status, graph_error(777, **more))
    assert (error.permanent, error.unknown_outcome) == (permanent, unknown)


@pytest.mark.parametrize(
    ("status", "body", "permanent", "unknown"),
    [
        (500, b"<html>Bad gateway</html>", False, True),
        (502, b"", False, True),
        (504, b'{"error":"upstream"}', False, True),
        (200, b"", False, True),
        (200, b'{"messages":[{"id":"wamid.', False, True),
        (200, b"[]", False, True),
        (200, b'{"messages":[]}', False, True),
        (200, b'{"messages":[{"id":""}]}', False, True),
        (200, b'{"error":"odd"}', False, True),
        (302, b"", False, False),
        (400, b'{"error":{"mess', False, False),
        (403, b"<html>Proxy</html>", False, False),
        (413, b"", True, False),
        (429, b"", False, False),
    ],
)
def test_an_answer_not_in_graphs_words(
    graph, channel, device, *, status: int, body: bytes, permanent: bool, unknown: bool
) -> None:
    headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    error = refused(graph, channel, device, status, body, headers=headers)
    assert (error.permanent, error.unknown_outcome) == (permanent, unknown)


@pytest.mark.parametrize(
    ("data", "details"),
    [("in words", "in words"), ({"details": "inside"}, "inside"), ([1], None), (None, None)],
)
def test_details_come_in_several_shapes(graph, channel, device, data, details) -> None:
    error = refused(graph, channel, device, 400, graph_error(100, error_data=data))
    assert error.details == details


def test_the_words_for_people_come_first(graph, channel, device) -> None:
    body = graph_error(100, error_user_msg="Bitte ohne \x00 Nullen")
    assert refused(graph, channel, device, 400, body).message == "Bitte ohne \ufffd Nullen"


def test_retry_after_is_believed_up_to_a_day(graph, channel, device) -> None:
    for value, wait in (("30", 30), ("9" * 30, 86_400), ("soon", 5), ("-1", 5)):
        headers = {"Retry-After": value}
        error = refused(graph, channel, device, 429, graph_error(130429), headers=headers)
        assert error.retry_after == wait


@pytest.mark.parametrize("code", [None, "190x", "", [], {"a": 1}, True, 10**30, "١٩٠"])
def test_a_code_that_is_none_is_survived(graph, channel, device, code) -> None:
    error = refused(graph, channel, device, 400, graph_error(code))
    assert error.permanent
    assert not error.reauth


@pytest.mark.parametrize(("code", "tries"), [(1, 3), (131000, 4), (135000, 2), (130429, None), (100, None)])
def test_some_codes_get_fewer_tries(graph, channel, device, code, tries) -> None:
    assert refused(graph, channel, device, 400, graph_error(code)).max_attempts == tries


def test_the_limit_of_a_pair_grows_by_four(graph, channel, device) -> None:
    error = refused(graph, channel, device, 400, graph_error(131056))
    assert (error.backoff, error.everyone) == (4.0, False)


@pytest.mark.parametrize("code", [1, 131000, 135000, 133])
def test_a_5xx_says_nothing_about_the_outcome(graph, channel, device, code) -> None:
    error = refused(graph, channel, device, 500, graph_error(code))
    assert (error.unknown_outcome, error.permanent) == (True, False)


@pytest.mark.parametrize("code", [2, 131016, 131057, 130429])
def test_a_5xx_before_acceptance_may_be_repeated(graph, channel, device, code) -> None:
    error = refused(graph, channel, device, 503, graph_error(code))
    assert (error.unknown_outcome, error.permanent, error.everyone) == (False, False, True)


@pytest.mark.parametrize(
    ("code", "blocked"), [(33, True), (368, True), (131031, True), (131045, True), (131026, False)]
)
def test_a_shut_account_is_told_apart(graph, channel, device, *, code, blocked) -> None:
    assert refused(graph, channel, device, 403, graph_error(code)).blocked == blocked
