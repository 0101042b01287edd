"""Received files: fetched in two steps, only from Meta, never more than asked for."""

import json
from dataclasses import replace

import pytest

from cloudchat.channels import meta_hosts
from cloudchat.channels.base import DeviceAccount, Media
from cloudchat.channels.whatsapp_cloud import WhatsAppCloud
from cloudchat.errors import ProviderError

PHOTO = Media("image", external_id="1003383421387256", mime="image/jpeg")


def address(graph, path: str = "/file?mid=1", **more) -> None:
    body = {"url": f"{graph.url}{path}", "mime_type": "image/jpeg", "file_size": 5, **more}
    graph.reply(200, json.dumps(body).encode())


def refusal(channel: WhatsAppCloud, device: DeviceAccount, media: Media, limit=1000) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        channel.fetch_media(device, media, limit)
    return caught.value


def test_the_address_is_asked_for_and_followed_with_the_token(graph, channel, device) -> None:
    address(graph)
    graph.reply(200, b"photo", headers={"Content-Type": "image/PNG; charset=binary"})
    assert channel.fetch_media(device, PHOTO, 1000) == (b"photo", "image/png")
    first, second = graph.requests
    assert first.path == f"/v24.0/1003383421387256?phone_number_id={device.external_account}"
    assert second.path == "/file?mid=1"
    assert second.headers["Authorization"] == "Bearer EAAtoken"
    assert second.headers["Accept-Encoding"] == "identity"


def test_an_expired_address_is_asked_for_again_once(graph, channel, device) -> None:
    address(graph)
    graph.reply(404, b"")
    address(graph, "/file?mid=2")
    graph.reply(200, b"photo")
    assert channel.fetch_media(device, PHOTO, 1000) == (b"photo", "image/jpeg")
    for _ in range(2):
        address(graph)
        graph.reply(404, b"")
    error = refusal(channel, device, PHOTO)
    assert (error.code, error.permanent) == ("media_gone", True)
    assert not graph.replies


CHUNKED = b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\nx\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"x" * 1001, {}),
        (b"", {"Content-Length": str(10**10)}),
        (CHUNKED, {"Transfer-Encoding": "chunked"}),
    ],
    ids=["in full", "announced", "unannounced"],
)
def test_a_file_over_the_limit_is_not_taken_in(graph, channel, device, body, headers) -> None:
    address(graph)
    graph.reply(200, body, headers=headers)
    error = refusal(channel, device, PHOTO)
    assert (error.code, error.permanent) == ("too_large", True)


def test_a_file_of_exactly_the_limit_is_taken(graph, channel, device) -> None:
    address(graph)
    graph.reply(200, CHUNKED, headers={"Transfer-Encoding": "chunked"})
    assert channel.fetch_media(device, PHOTO, 1001) == (b"x" * 1001, "image/jpeg")


def test_a_size_told_beforehand_saves_the_call(graph, channel, device) -> None:
    address(graph, file_size=1001)
    assert refusal(channel, device, PHOTO).code == "too_large"
    assert len(graph.requests) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:6379/",
        "https://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost./",
        "https://lookaside.fbsbx.com.evil.example/",
        "https://evilfbsbx.com/",
        "http://lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com:6379/",
        "https://fbsbx.com@127.0.0.1/",
        "https://user@lookaside.fbsbx.com/",
        "https://evil.example\\@lookaside.fbsbx.com/",
        "file:///etc/passwd",
        "gopher://fbsbx.com/",
        "//fbsbx.com/",
        "https://",
        "",
        "not a url\x00",
    ],
)
def test_only_metas_addresses_are_called(graph, channel, device, url: str) -> None:
    forged = Media("image", url=url)
    assert refusal(channel, device, forged).code == "bad_media_url"
    graph.reply(200, json.dumps({"url": url}).encode())
    assert refusal(channel, device, PHOTO).code == "bad_media_url"
    assert len(graph.requests) == 1


def test_metas_own_file_hosts_are_allowed(channel) -> None:
    for url in ("https://lookaside.fbsbx.com/a?mid=1", "https://mmg.whatsapp.net/v/t62"):
        assert meta_hosts.allowed(url, channel._graph) == url


def test_a_redirect_is_not_followed(graph, channel, device) -> None:
    address(graph)
    graph.reply(302, b"", headers={"Location": f"{graph.url}/inside"})
    assert refusal(channel, device, PHOTO).code == "http_302"
    assert len(graph.requests) == 2


@pytest.mark.parametrize("media_id", ["../me/accounts", "1?fields=access_token", "1/2", "%2e%2e"])
def test_a_forged_id_cannot_bend_the_path(graph, channel, device, media_id: str) -> None:
    assert refusal(channel, device, replace(PHOTO, external_id=media_id)).code == "bad_id"
    assert graph.requests == []


def test_trouble_on_the_way_is_worth_another_try(graph, channel, device) -> None:
    address(graph)
    graph.reply(503, b"")
    assert not refusal(channel, device, PHOTO).permanent
    address(graph)
    graph.reply(200, b"pho", broken=True)
    error = refusal(channel, device, PHOTO)
    assert (error.permanent, error.unknown_outcome) == (False, False)


def test_a_dead_token_is_told(graph, channel, device) -> None:
    graph.reply(401, b'{"error":{"message":"Session has expired","code":190}}')
    assert refusal(channel, device, PHOTO).reauth
