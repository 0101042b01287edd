"""Calls that get no answer: did they take effect or not? And settings that forbid a call at all."""

import socket
from dataclasses import replace

import pytest

from cloudchat.channels.base import DeviceAccount, OutboundMessage
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.errors import ProviderError

SUCCESS = b'{"messages":[{"id":"wamid.NEW"}]}'
TEXT = OutboundMessage(reference="out-1", to="+628111111111", kind="text", text="Halo")


def refusal(channel: WhatsAppCloud, device: DeviceAccount, message: OutboundMessage = TEXT) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        channel.send(device, message)
    return caught.value


def test_a_hanging_answer_leaves_the_outcome_unknown(graph, channel, device) -> None:
    graph.reply(200, SUCCESS, hang=0.8)
    error = refusal(channel, device, TEXT)
    assert (error.unknown_outcome, error.permanent) == (True, False)


def test_a_dropped_answer_leaves_the_outcome_unknown(graph, channel, device) -> None:
    graph.reply(200, SUCCESS[:20], broken=True)
    assert refusal(channel, device, TEXT).unknown_outcome


def test_an_endless_answer_leaves_the_outcome_unknown(graph, channel, device) -> None:
    graph.reply(200, b"x" * (1024 * 1024 + 1))
    assert refusal(channel, device, TEXT).unknown_outcome
    graph.reply(200, b"", headers={"Content-Length": str(10**10)})
    assert refusal(channel, device, TEXT).unknown_outcome


def test_nobody_there_means_nothing_was_sent(device) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        channel = WhatsAppCloud(f"http://127.0.0.1:{unused.getsockname()[1]}", "v24.0", timeout=0.4)
        error = refusal(channel, device, TEXT)
    assert (error.code, error.permanent, error.unknown_outcome) == ("unreachable", False, False)


def test_a_broken_tls_handshake_means_nothing_was_sent(graph, device) -> None:
    channel = WhatsAppCloud(graph.url.replace("http:", "https:"), "v24.0", timeout=0.4)
    error = refusal(channel, device, TEXT)
    assert (error.permanent, error.unknown_outcome) == (False, False)


@pytest.mark.parametrize("token", ["", "two\r\nlines", "tökén", "with space"])
def test_a_token_that_cannot_be_one_asks_for_a_new_connection(graph, channel, device, token) -> None:
    error = refusal(channel, replace(device, secrets={"access_token": token}), TEXT)
    assert (error.reauth, error.permanent) == (True, True)
    assert graph.requests == []


@pytest.mark.parametrize("account", ["", "../me", "1/messages?x=", "1#", "..", "a" * 300])
def test_an_account_cannot_bend_the_path(graph, channel, device, account: str) -> None:
    assert refusal(channel, replace(device, external_account=account), TEXT).code == "bad_id"
    assert graph.requests == []
