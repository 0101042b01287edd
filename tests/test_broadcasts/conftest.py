"""A number with an approved template, and broadcasts made over the API."""

from dataclasses import dataclass
from typing import Any

import pytest

from cloudchat.errors import AppError
from cloudchat.extensions import db
from cloudchat.models import BroadcastRecipient, MetaTemplate
from cloudchat.services.broadcasts import catalog, writing
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_messages.conftest import make_number, number  # noqa: F401 - fixtures
from tests.test_messages.numbers import Number

URL = "/api/app/broadcasts"
BODY = "Halo {{1}}, pesanan {{2}} sudah kami kirim hari ini. Terima kasih banyak."


@dataclass
class Campaigns:
    """One number's broadcasts: made, run and looked at."""

    number: Number
    api: Any
    template_id: int

    def make(self, phones: list | None = None, **values) -> dict:
        if phones is not None:
            values["audience"] = {
                "phones": [{"phone": phone, "name": f"N{place}"} for place, phone in enumerate(phones)]
            }
        body = {
            "name": f"Promo {factories.number()}",
            "device_id": self.number.device.id,
            "template_id": self.template_id,
            "variables": {"1": {"field": "name"}, "2": {"text": "INV-1"}},
            **values,
        }
        answer = self.api.post(URL, json=body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def act(self, made: dict, verb: str, status: int = 200) -> dict:
        """By the services."""
        verb = {"retry": "retry_failed"}.get(verb, verb)
        answered = 200
        with acting_as(self.number.organization_id):
            try:
                done = getattr(writing, verb)(made["id"])
            except AppError as error:
                db.session.rollback()
                answered = error.status
        assert answered == status
        if status != 200:
            return {}
        return self.show(made) | ({"retried": done} if verb == "retry_failed" else {})

    def show(self, made: dict) -> dict:
        return self.api.get(f"{URL}/{made['id']}").json

    def recipients(self, made: dict, **query) -> list[dict]:
        return self.api.get(f"{URL}/{made['id']}/recipients", query_string=query).json["items"]

    def rows(self, made: dict) -> list[BroadcastRecipient]:
        with acting_as(self.number.organization_id):
            return catalog.recipients(made["id"], catalog.Chosen(), None, 10_000)

    def recount(self, made: dict) -> dict[str, int]:
        """Counted from the messages themselves, past the rows that the page counts."""
        with acting_as(self.number.organization_id):
            rows = db.session.execute(
                db.text(
                    "select case when r.message_id is null or r.status = 'cancelled' then r.status"
                    " else m.status end as status, count(*) from broadcast_recipients r"
                    " left join messages m on m.id = r.message_id where r.broadcast_id = :id group by 1"
                ),
                {"id": made["id"]},
            ).all()
        return dict(rows)


def phones(count: int) -> list[str]:
    return [f"0812{factories.number():08d}" for _ in range(count)]


def approved(organization_id: int, waba_id: str, name: str = "kirim", body: str = BODY, **values) -> int:
    with acting_as(organization_id):
        row = MetaTemplate(
            waba_id=waba_id,
            name=name,
            language="id",
            category="MARKETING",
            status="APPROVED",
            components=[{"type": "BODY", "text": body}],
            **values,
        )
        db.session.add(row)
        db.session.commit()
        return row.id


@pytest.fixture
def campaigns(number, cast, as_person):  # noqa: F811
    waba_id = number.device.config["waba_id"]
    number.control(
        "templates",
        {
            "waba_id": waba_id,
            "name": "kirim",
            "status": "APPROVED",
            "components": [{"type": "BODY", "text": BODY}],
        },
    )
    template_id = approved(cast.organization_id, waba_id)
    return Campaigns(number, as_person(cast.manager), template_id)
