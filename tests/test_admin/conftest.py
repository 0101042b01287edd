"""What the tests of the admin screens share: the registered screens, a row for each, logged-in browsers."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask import g
from sqlalchemy import select

from admin.base import ScopedModelView
from cloudchat.extensions import db, now
from cloudchat.models import (
    DivisionAgent,
    Invitation,
    MessageTemplate,
    MetaTemplate,
    WebhookEvent,
)
from cloudchat.services import accounts, bot_hours, message_templates
from cloudchat.tenancy import acting_as
from tests import factories

HTML = {"Accept": "text/html"}


def make_user(organization_id, name):
    return factories.person(organization_id, "agent", name).id


def make_assignment(organization_id, name):
    person = factories.person(organization_id, "agent", name)
    factories.division(organization_id, agents=(person,))
    with acting_as(organization_id):
        return db.session.scalar(select(DivisionAgent.id).where(DivisionAgent.user_id == person.id))


def make_invitation(organization_id, name):
    with acting_as(organization_id):
        accounts.invite(f"{name.lower()}@contoh.test", name, "agent", None)
        return db.session.scalar(select(Invitation.id).order_by(Invitation.id.desc()))


def make_dead_event(organization_id, name):
    device = factories.device(organization_id)
    with acting_as(organization_id):
        made = WebhookEvent(
            device_id=device.id,
            provider_id=name,
            kind="message",
            payload={"text": name},
            attempts=5,
            error=name,
            dead_at=now(),
        )
        db.session.add(made)
        db.session.commit()
        return made.id


def make_bot_window(organization_id, name):
    bot = factories.bot(organization_id, name=name)
    with acting_as(organization_id):
        window = {"day_of_week": 1, "start_time": "08:00", "end_time": "17:00"}
        return bot_hours.add(bot.id, window).id


def make_meta_template(organization_id, name):
    with acting_as(organization_id):
        made = MetaTemplate(
            waba_id="900000000000001", name=name, language="id", category="UTILITY", status="APPROVED"
        )
        db.session.add(made)
        db.session.commit()
        return made.id


def make_message_template(organization_id, name):
    with acting_as(organization_id):
        return message_templates.save(MessageTemplate(), {"name": name[:100], "body": name}).id


# A row of each screen's table that carries the given words. A screen without an entry fails its tests.
ROWS = {
    "user": make_user,
    "invitation": make_invitation,
    "division": lambda organization, name: factories.division(organization, name).id,
    "divisionagent": make_assignment,
    "device": lambda organization, name: factories.device(organization, name=name).id,
    "cannedreply": lambda organization, name: factories.canned_reply(organization, text=name).id,
    "label": lambda organization, name: factories.label(organization, name).id,
    "pipelinescreen": lambda organization, name: factories.pipeline(organization, name).id,
    "contact": lambda organization, name: factories.contact(organization, name).id,
    "chatbotqa": lambda organization, name: factories.pair(factories.bot(organization), name).id,
    "chatbotschedule": make_bot_window,
    "metatemplate": make_meta_template,
    "messagetemplate": make_message_template,
    "deadevent": make_dead_event,
}


@dataclass(frozen=True)
class Screen:
    """One registered screen and its addresses."""

    view: ScopedModelView

    @property
    def endpoint(self) -> str:
        return self.view.endpoint

    @property
    def url(self) -> str:
        return self.view.url

    def make(self, organization_id: int, name: str) -> int:
        return ROWS[self.endpoint](organization_id, name)

    def row(self, organization_id: int, row_id: int) -> dict[str, Any] | None:
        """Every column as it stands in the database."""
        with acting_as(organization_id):
            found = db.session.get(self.view.model, row_id)
            columns = self.view.model.__table__.columns.keys()
            return {name: getattr(found, name) for name in columns} if found else None

    def rules(self, app):
        return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{self.endpoint}.")]


@pytest.fixture
def screens(app):
    """Every screen that is registered now, and so every one that is added later."""
    return [Screen(view) for view in app.extensions["admin"][0]._views if isinstance(view, ScopedModelView)]


@pytest.fixture
def screen(screens):
    by_endpoint = {item.endpoint: item for item in screens}
    return lambda endpoint: by_endpoint[endpoint]


class Browser:
    """A logged-in browser: a session cookie, and the CSRF token that its pages carry."""

    def __init__(self, app, person):
        g.pop("csrf_token", None)  # Flask-WTF keeps it there, and tests share one context
        self.client = app.test_client()
        answer = self.client.post(
            "/api/auth/login",
            json={"email": person.email, "password": factories.PASSWORD},
            environ_base={"REMOTE_ADDR": f"10.0.{person.id // 250 % 250}.{person.id % 250}"},
        )
        assert answer.status_code == 200, answer.text
        self.token = answer.json["csrf_token"]

    def get(self, url, **kwargs):
        g.pop("csrf_token", None)
        return self.client.get(url, headers=HTML, **kwargs)

    def post(self, url, data=None, token: str | None = None, **kwargs):
        fields = {"csrf_token": self.token if token is None else token, **(data or {})}
        return self.client.post(url, data=fields, headers=HTML, **kwargs)


@pytest.fixture
def browser(app, context):
    """`browser(person)`; the person needs factories.PASSWORD."""
    return lambda person: Browser(app, person)


@pytest.fixture
def home(context):
    """An organization id, and its admin who can log in by form."""
    organization_id = factories.organization()
    return factories.person(organization_id, "admin", password=factories.PASSWORD)


@pytest.fixture
def operator(context):
    """An operator, at home in an organization of their own."""
    return factories.person(
        factories.organization(), "admin", "Oki Operator", password=factories.PASSWORD, is_operator=True
    )


@pytest.fixture
def tenant(context):
    """Somebody else's organization, by its admin."""
    return factories.person(factories.organization(), "admin", password=factories.PASSWORD)
