"""A shop whose queue is on, with the divisions Billing, Support and Umum, and customers on its web chat."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from cloudchat.extensions import db, now
from cloudchat.models import Conversation, ConversationEvent, Division, QueueEntry, User
from cloudchat.services import divisions, presence
from cloudchat.services.queueing import settings
from cloudchat.tenancy import acting_as
from tests import factories


@dataclass
class Shop:
    """One organization, seen from all sides."""

    app: object
    cast: factories.Cast
    device: object
    divisions: dict[str, int] = field(default_factory=dict)

    @property
    def id(self) -> int:
        return self.cast.organization_id

    def act(self, action, *args, **more):
        """Do something inside the organization."""
        with acting_as(self.id):
            return action(*args, **more)

    def add_division(self, name: str, agents=(), **values) -> int:
        def make():
            given = {"name": name, "members": [one.id for one in agents], **values}
            return divisions.save(Division(), given).id

        self.divisions[name] = self.act(make)
        return self.divisions[name]

    def set(self, **values) -> None:
        self.act(settings.save, values)

    def customer(self, name: str = "Budi") -> "Customer":
        return Customer(self, name)

    def agent(self, division: str | None = None, capacity: int = 5, online: bool = True):
        """An agent of a division, who is there unless said otherwise."""
        person = factories.person(self.id, capacity=capacity)
        if division:
            self.act(divisions.add_members, self.divisions[division], [person.id])
        if online:
            self.comes(person)
        return person

    def calls(self, person):
        return Caller(self.app, person)

    def comes(self, person, status: str = "online"):
        answer = self.calls(person).put("/api/app/agents/me/availability", json={"status": status})
        assert answer.status_code == 200, answer.text
        return answer.json

    def availability(self, person, status: str) -> None:
        """The same without anything that follows from it."""
        self.act(presence.set_availability, person.id, status)

    def comes_quietly(self, person) -> None:
        self.availability(person, "online")

    def count_waiting(self) -> int:
        statement = select(db.func.count()).select_from(QueueEntry).where(QueueEntry.status == "waiting")
        return self.act(lambda: db.session.scalar(statement))

    def vanishes(self, person, **values) -> None:
        """The connection is lost: no sign of life for long."""
        self.change(User, person.id, last_seen_at=None, **values)

    def change(self, model, row_id: int, **values) -> None:
        def work():
            db.session.execute(update(model).where(model.id == row_id).values(**values))
            db.session.commit()

        self.act(work)

    def get(self, model, row_id: int):
        return self.act(lambda: db.session.get(model, row_id, populate_existing=True))

    def entries(self, **criteria) -> list[QueueEntry]:
        statement = select(QueueEntry).filter_by(**criteria).order_by(QueueEntry.id)
        return self.act(lambda: list(db.session.scalars(statement.execution_options(populate_existing=True))))

    def conversations(self) -> list[Conversation]:
        statement = select(Conversation).execution_options(populate_existing=True)
        return self.act(lambda: list(db.session.scalars(statement)))

    def loads(self) -> dict[int, int]:
        rows = select(Conversation.assignee_id, db.func.count()).where(Conversation.status == "open")
        rows = rows.where(Conversation.assignee_id.is_not(None))
        return self.act(lambda: dict(db.session.execute(rows.group_by(Conversation.assignee_id)).all()))


class Caller:
    """Calls the API as one person."""

    def __init__(self, app, person):
        self._client, self._headers = app.test_client(), person.headers

    def __getattr__(self, method):
        return lambda url, **kwargs: getattr(self._client, method)(url, headers=self._headers, **kwargs)


class Customer:
    """Somebody on the web chat, seen from both sides."""

    def __init__(self, shop: Shop, name: str):
        number = factories.number()
        self.shop = shop
        self._client = shop.app.test_client()
        self._base = {"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        self._url = f"/api/chat/{shop.device.public_key}/"
        answer = self._client.post(self._url + "sessions", json={"name": name}, environ_base=self._base)
        assert answer.status_code == 201, answer.text
        self._headers = {"Authorization": f"Bearer {answer.json['token']}"}
        self.conversation_id: int | None = None

    def says(self, *texts: str, tap: str | None = None) -> list[str]:
        """Write; answers what was said to it meanwhile."""
        heard = len(self.heard())
        for text in texts:
            body = {"text": text, "client_id": f"c{factories.number()}"}
            if tap:
                body["payload"] = {"button_id": tap}
            answer = self._client.post(
                self._url + "messages", json=body, headers=self._headers, environ_base=self._base
            )
            assert answer.status_code == 201, answer.text
            self.conversation_id = answer.json.get("conversation_id") or self.conversation_id
        return [message["text"] for message in self.heard()[heard:]]

    def heard(self) -> list[dict]:
        answer = self._client.get(
            self._url + "messages?limit=100", headers=self._headers, environ_base=self._base
        )
        return [message for message in answer.json["items"] if message["direction"] == "out"]

    def chooses(self, answer: str, first: str = "Halo") -> list[str]:
        self.says(first)
        return self.says(answer)

    @property
    def row(self) -> Conversation:
        return self.shop.get(Conversation, self.conversation_id)

    @property
    def entry(self) -> QueueEntry:
        return self.shop.entries(conversation_id=self.conversation_id)[-1]

    def kinds(self) -> list[str]:
        """The kinds of the activity lines."""
        statement = select(ConversationEvent.kind).filter_by(conversation_id=self.conversation_id)
        return self.shop.act(lambda: list(db.session.scalars(statement.order_by(ConversationEvent.id))))


def make_shop(app, cast) -> Shop:
    made = Shop(app, cast, factories.device(cast.organization_id, "webchat"))
    made.set(is_enabled=True)
    for name in ("Billing", "Support", "Umum"):
        made.add_division(name)
    return made


@pytest.fixture
def shop(app, cast) -> Shop:
    return make_shop(app, cast)


def long_ago(minutes: float):
    return now() - timedelta(minutes=minutes)
