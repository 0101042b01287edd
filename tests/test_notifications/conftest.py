"""What the notification tests share: happenings of a talk, and what people were told of them."""

import pytest

from cloudchat import events
from cloudchat.channels.base import InboundMessage
from cloudchat.extensions import db, now
from cloudchat.realtime import notifications as realtime
from cloudchat.services import inbound, notifications
from cloudchat.tenancy import acting_as
from tests import factories


@pytest.fixture
def writes(cast):
    """`writes(conversation, "Halo")`: the customer writes, and everybody is told what follows."""

    def write(row, *texts):
        batch = [
            inbound.Incoming(
                row.device_id,
                InboundMessage(
                    external_id=f"wamid.{factories.number()}",
                    external_user_id=row.external_user_id,
                    kind="text",
                    text=text,
                    occurred_at=now(),
                ),
            )
            for text in texts
        ]
        with acting_as(row.organization_id):
            inbound.accept(batch)
            db.session.commit()
            events.drain()

    return write


@pytest.fixture
def alerts(monkeypatch):
    """What open pages were told, as (user id, payload); they are all taken to be open."""
    told = []
    real = notifications.record

    def listening(*args):
        made = real(*args)
        told.extend((alert.user_id, alert.payload) for alert in made)
        return made

    monkeypatch.setattr(realtime.notifications, "record", listening)
    return told


@pytest.fixture
def present(cast):
    """Everybody of the organization has been seen just now."""
    with acting_as(cast.organization_id):
        for person in (cast.admin, cast.manager, cast.agent, cast.colleague):
            db.session.get(factories.User, person.id).last_seen_at = now()
        db.session.commit()


@pytest.fixture
def bell(as_person):
    """`bell(person)`: (kind, count) of the unread lines, newest first."""

    def lines(person):
        items = as_person(person).get("/api/app/notifications").json["items"]
        return [(item["kind"], item["count"]) for item in items if item["read_at"] is None]

    return lines
