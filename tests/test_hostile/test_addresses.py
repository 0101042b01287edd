"""H31 to H34: every address that a tenant can set or bring about, against every bad address.

Addresses of providers (Graph, gateway, RajaOngkir, Telegram) come from the environment alone: no body
names one. What is left is tried here; a new one belongs into DOORS.
"""

import socket

import httpx
import pytest

from cloudchat.channels import get as channel_for
from cloudchat.channels import meta_hosts
from cloudchat.channels.base import DeviceAccount, Media
from cloudchat.clients import guarded
from cloudchat.errors import Invalid, ProviderError
from cloudchat.models import MetaTemplate
from cloudchat.services import push_browsers
from cloudchat.services.assistant import accounts as assistant
from cloudchat.services.meta_templates import filling
from cloudchat.services.pipelines.automation import checking
from cloudchat.services.webhooks import endpoints
from tests import factories

BAD = (
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://0.0.0.0/",
    "http://169.254.169.254/latest",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://[fd00::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://2130706433/",
    "http://0177.0.0.1/",
    "http://localhost./",
    "http://db.internal/",
    "http://8.8.8.8:6379/",
    "http://user@8.8.8.8/",
    "file:///etc/passwd",
    "gopher://8.8.8.8/",
    "ftp://8.8.8.8/",
    "http://8.8.8.8/\r\nX: y",
    "http://" + "a" * 3000,
)


def webhook(url):
    endpoints.check_url(url)


def stage_webhook(url):
    checking.check_webhook({"url": url}, {}, None)


def browser_push(url):
    push_browsers.check_endpoint(url)


def file_from_meta(url):
    meta_hosts.allowed(url, httpx.URL("https://graph.facebook.com"))


def file_of_a_linked_phone(url):
    """Only the path counts; the host is the installation's gateway, whatever the address says."""
    account = DeviceAccount(1, 1, "wa_device", "s", {"session": "s"}, {"api_key": "k"})
    channel_for("wa_device").fetch_media(account, Media("image", url=url), 1000)


def language_model(url):
    assistant.check_address(url.replace("http://", "https://"))


DOORS = (webhook, stage_webhook, browser_push, language_model, file_from_meta, file_of_a_linked_phone)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_no_door_takes_an_address_of_the_own_network(context, door):
    for url in BAD:
        with pytest.raises((Invalid, ProviderError)):
            door(url)


def test_the_file_of_a_template_is_looked_at_too(context):
    template = {"components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Halo"}]}
    for url in BAD:
        row = MetaTemplate(name="a", language="id", parameter_format="POSITIONAL", **template)
        with pytest.raises(Invalid) as refused:
            filling.fill(row, {"header": url})
        assert refused.value.fields == {"variables.header": ["address_refused"]}


def test_a_name_that_turns_inward_is_refused_at_the_connection(monkeypatch):
    """H32: looked at again when it is called, and exactly the address that was looked at is called."""
    outward = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 80))]
    inward = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
    answers = [outward, inward]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answers.pop(0))
    guarded.check_url("http://hook.example.com/")
    with pytest.raises(guarded.Refused):
        guarded.post("http://hook.example.com/", b"{}", {})


def test_one_inward_address_among_several_is_enough(monkeypatch):
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    with pytest.raises(guarded.Refused):
        guarded.post("http://hook.example.com/", b"{}", {})


def test_no_body_names_a_providers_address(cast, as_person):
    """H34: what looks like one is not kept, or refused."""
    device = factories.device(cast.organization_id)
    for name in ("graph_url", "api_url", "base_url", "graph_version"):
        answer = as_person(cast.admin).patch(
            f"/api/app/devices/{device.id}", json={"config": {name: "http://127.0.0.1/"}}
        )
        shown = as_person(cast.admin).get(f"/api/app/devices/{device.id}").json
        assert answer.status_code < 500
        assert "127.0.0.1/" not in str(shown["config"])
