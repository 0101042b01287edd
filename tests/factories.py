"""Rows to test with. Everything is made inside one organization, through the same tables as in life."""

import itertools
import time
from dataclasses import dataclass

from cloudchat.extensions import db, now
from cloudchat.models import (
    CannedReply,
    Chatbot,
    ChatbotQa,
    Contact,
    ContactIdentity,
    Conversation,
    Device,
    Division,
    DivisionAgent,
    Label,
    Message,
    Pipeline,
    PipelineStage,
    User,
)
from cloudchat.services import accounts, bot_pairs, bot_settings, organizations, secrets
from cloudchat.services.pipelines import catalog, stages, steps
from cloudchat.services.pipelines.cards import SYSTEM
from cloudchat.tenancy import acting_as

_numbers = itertools.count(int(time.time() * 1000) % 10_000_000)
PASSWORD = "rahasia-sekali-1"


def number() -> int:
    """A number that no other row of this run has."""
    return next(_numbers)


@dataclass(frozen=True)
class Person:
    """A user that tests act as."""

    id: int
    organization_id: int
    name: str
    email: str
    role: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def organization(name: str | None = None, timezone: str = "Asia/Jakarta") -> int:
    """A new organization; answers its id."""
    return organizations.create(name or f"Toko {number()}", timezone)


def person(organization_id: int, role: str = "agent", name: str | None = None, **values) -> Person:
    """A user with an API token. `password=PASSWORD` for one who logs in by form."""
    with acting_as(organization_id):
        made = _person(organization_id, role, name, **values)
        db.session.commit()
        return made


def _person(organization_id: int, role: str, name: str | None = None, password=None, **values) -> Person:
    made = number()
    user = accounts.create_user(f"{role}{made}@contoh.test", name or f"{role.title()} {made}", role, password)
    for field, value in values.items():
        setattr(user, field, value)
    token = accounts.create_api_token(user.id, "tests")
    return Person(user.id, organization_id, user.name, user.email, role, token)


@dataclass(frozen=True)
class Cast:
    """The standing cast: one organization's people, and a stranger of another."""

    organization_id: int
    admin: Person
    manager: Person
    agent: Person
    colleague: Person
    stranger: Person

    @property
    def neighbour_id(self) -> int:
        return self.stranger.organization_id


def cast() -> Cast:
    home, neighbour = organization(), organization()
    with acting_as(home):
        people = [_person(home, role) for role in ("admin", "manager", "agent", "agent")]
        db.session.commit()
    return Cast(home, *people, person(neighbour, "admin"))


def device(organization_id: int, kind: str = "wa_official", **values) -> Device:
    with acting_as(organization_id):
        account = values.pop("external_account", None) or f"5{number():012d}"
        values.setdefault("verified_waba", values.get("config", {}).get("waba_id"))
        made = Device(
            type=kind,
            name=values.pop("name", f"Device {account}"),
            public_key=secrets.random_token(18),
            external_account=account,
            config=values.pop("config", {"phone_number_id": account}),
            secrets=secrets.encrypt(values.pop("secrets", {"access_token": "simulator-access-token"})),
            **values,
        )
        db.session.add(made)
        db.session.commit()
        return made


def contact(organization_id: int, name: str = "Budi Santoso", **values) -> Contact:
    with acting_as(organization_id):
        made = Contact(name=name, **values)
        db.session.add(made)
        db.session.commit()
        return made


def conversation(organization_id: int, device_row: Device | None = None, **values) -> Conversation:
    """A conversation with its contact; the last inbound message was just now."""
    device_row = device_row or device(organization_id)
    with acting_as(organization_id):
        contact_row = values.pop("contact", None)
        if contact_row is None:
            contact_row = Contact(name=values.pop("name", "Budi Santoso"), phone=f"+62812{number():08d}")
            db.session.add(contact_row)
            db.session.flush()
        external = values.pop("external_user_id", f"62812{number():08d}")
        db.session.add(
            ContactIdentity(device_id=device_row.id, contact_id=contact_row.id, external_id=external)
        )
        made = Conversation(
            contact_id=contact_row.id,
            device_id=device_row.id,
            external_user_id=external,
            last_inbound_at=values.pop("last_inbound_at", now()),
            **values,
        )
        db.session.add(made)
        db.session.commit()
        return made


def message(conversation_row: Conversation, text: str = "Halo", **values) -> Message:
    """A message of the conversation; inbound unless `direction="out"`. Keeps the list's columns."""
    with acting_as(conversation_row.organization_id):
        row = db.session.get(Conversation, conversation_row.id)
        direction = values.pop("direction", "in")
        made = Message(
            conversation_id=row.id,
            device_id=row.device_id,
            direction=direction,
            sender_type=values.pop("sender_type", "contact" if direction == "in" else "agent"),
            status=values.pop("status", "received" if direction == "in" else "sent"),
            text=text,
            external_id=values.pop("external_id", f"wamid.{number()}"),
            **values,
        )
        db.session.add(made)
        db.session.flush()
        row.last_message_id, row.last_message_at = made.id, now()
        row.last_message_text, row.last_message_direction = text[:160], direction
        if direction == "in":
            row.unread_count += 1
            row.last_inbound_at = now()
            row.waiting_since = row.waiting_since or now()
        elif made.sender_type != "system":
            row.waiting_since = None
        db.session.commit()
        return made


def label(organization_id: int, name: str | None = None, color: str = "#0d9488") -> Label:
    with acting_as(organization_id):
        made = Label(name=name or f"Label {number()}", color=color)
        db.session.add(made)
        db.session.commit()
        return made


def canned_reply(organization_id: int, shortcut: str | None = None, text: str = "Halo Kak") -> CannedReply:
    with acting_as(organization_id):
        made = CannedReply(shortcut=shortcut or f"halo{number()}", text=text)
        db.session.add(made)
        db.session.commit()
        return made


def bot(organization_id: int, devices: tuple[Device, ...] = (), **values) -> Chatbot:
    with acting_as(organization_id):
        values = {"name": f"Bot {number()}", "device_ids": [row.id for row in devices], **values}
        return bot_settings.create(values)


def pair(bot_row: Chatbot, question: str = "Apakah bisa COD?", answer: str = "Bisa.", **values) -> ChatbotQa:
    with acting_as(bot_row.organization_id):
        return bot_pairs.create(bot_row.id, {"question": question, "answer": answer, **values})


def division(organization_id: int, name: str | None = None, agents: tuple[Person, ...] = ()) -> Division:
    with acting_as(organization_id):
        made = Division(name=name or f"Divisi {number()}")
        db.session.add(made)
        db.session.flush()
        for agent in agents:
            db.session.add(DivisionAgent(division_id=made.id, user_id=agent.id))
        db.session.commit()
        return made


def pipeline(organization_id: int, name: str | None = None, **values) -> Pipeline:
    """A pipeline; the sales ladder unless `stages` or `ladder` says otherwise."""
    with acting_as(organization_id):
        return catalog.create({"name": name or f"Pipeline {number()}", **values}, None)


def stages_of(pipeline_row: Pipeline) -> list[PipelineStage]:
    with acting_as(pipeline_row.organization_id):
        return stages.of_pipelines([pipeline_row.id])


def card(pipeline_row: Pipeline, stage: PipelineStage | None = None, **values) -> Conversation:
    """A conversation at the end of a stage (the first one where none is named)."""
    row = conversation(pipeline_row.organization_id, **values)
    with acting_as(pipeline_row.organization_id):
        target = db.session.get(PipelineStage, stage.id if stage else stages_of(pipeline_row)[0].id)
        held = steps.locked_card(row.id)
        steps.place(held, target, steps.Wanted(target.id), SYSTEM, adding=True)
        db.session.commit()
        return held


def user_row(person_row: Person) -> User:
    with acting_as(person_row.organization_id):
        return db.session.get(User, person_row.id)


def identity(person) -> accounts.Identity:
    """The person as the services know the caller."""
    return accounts.Identity(
        person.id,
        person.organization_id,
        person.role,
        person.name,
        person.email,
        "id",
        "Asia/Jakarta",
        "Toko",
        home_organization_id=person.organization_id,
    )
