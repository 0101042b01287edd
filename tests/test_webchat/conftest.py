"""A shop with a web chat, and visitors of it."""

import io
from dataclasses import dataclass

import pytest

from tests import factories

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)


class Visitor:
    """Somebody in front of the chat page, calling from an address of their own."""

    def __init__(self, chat: "Chat", token: str):
        self.chat, self.token = chat, token

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, text="Halo", client_id=None, **more):
        body = {"text": text, "client_id": client_id or f"c{factories.number()}", **more}
        return self.chat.call("post", "messages", json=body, headers=self.headers)

    def upload(self, content=PNG, name="foto.png", text="", client_id=None):
        form = {
            "file": (io.BytesIO(content), name),
            "text": text,
            "client_id": client_id or f"c{factories.number()}",
        }
        return self.chat.call("post", "messages", data=form, headers=self.headers)

    def read(self, **query):
        return self.chat.call("get", "messages", query_string=query, headers=self.headers)

    def texts(self, **query) -> list[str]:
        return [item["text"] for item in self.read(**query).json["items"]]

    def get(self, path):
        return self.chat.call("get", path, headers=self.headers)


@dataclass
class Chat:
    """One web chat device and the people who answer on it."""

    client: object
    cast: factories.Cast
    device: object
    address: str

    @property
    def key(self) -> str:
        return self.device.public_key

    def call(self, method, path, key=None, **kwargs):
        kwargs.setdefault("environ_base", {"REMOTE_ADDR": self.address})
        return getattr(self.client, method)(f"/api/chat/{key or self.key}/{path}", **kwargs)

    def visitor(self, name="") -> Visitor:
        answer = self.call("post", "sessions", json={"name": name})
        assert answer.status_code == 201, answer.text
        return Visitor(self, answer.json["token"])


def make_chat(client, cast, **config) -> Chat:
    number = factories.number()
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    device = factories.device(cast.organization_id, "webchat", name="Toko Kopi", config=config)
    return Chat(client, cast, device, address)


@pytest.fixture
def chat(client, cast):
    """A web chat without any settings."""
    return make_chat(client, cast)


@pytest.fixture
def new_chat(client, cast):
    """`new_chat(color="#112233")`: a web chat with these settings."""
    return lambda **config: make_chat(client, cast, **config)


@pytest.fixture
def agent(as_person, cast):
    """Calls the desk's API as the shop's agent."""
    return as_person(cast.agent)


@pytest.fixture
def conversation_of(agent, chat):
    """The newest conversation of the chat, as the desk lists it."""

    def find(device=None):
        query = f"?device_id={(device or chat.device).id}&limit=1"
        return agent.get("/api/app/inbox/conversations" + query).json["items"][0]

    return find
