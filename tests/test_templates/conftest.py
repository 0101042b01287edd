"""A WABA in the simulator with a device of ours, and what its reviewer does."""

from dataclasses import dataclass

import httpx
import pytest

from cloudchat.extensions import db
from cloudchat.models import Device, MetaTemplate, MetaTemplateSync
from cloudchat.services.meta_templates import requests, syncing
from cloudchat.tenancy import acting_as
from tests import factories

BODY = "Halo {{1}}, pesanan {{2}} sudah kami kirim hari ini. Terima kasih banyak."
SAMPLES = {"body_text": [["Budi", "INV-1"]]}


def parts(text: str = BODY, example: dict | None = None, *more: dict) -> list[dict]:
    body = {"type": "BODY", "text": text}
    if text == BODY or example:
        body["example"] = example or SAMPLES
    return [body, *more]


@dataclass
class Waba:
    """A WABA: Meta's side by the control API, ours by the tables."""

    organization_id: int
    device: Device
    id: str
    url: str

    def control(self, method: str, path: str, body: dict | None = None, **more) -> dict:
        answer = httpx.request(method, f"{self.url}/_control/{path}", json=body, timeout=10, **more)
        answer.raise_for_status()
        return answer.json()

    def add(self, name: str, **fields) -> dict:
        return self.control("POST", "templates", {"waba_id": self.id, "name": name, **fields})["items"][0]

    def there(self) -> list[dict]:
        return self.control("GET", "templates", params={"waba_id": self.id})["items"]

    def fault(self, kind: str, **fields) -> None:
        self.control("POST", "meta/faults", {"kind": kind, "node": self.id, **fields})

    def sync(self) -> MetaTemplateSync:
        """Fetch, as a job would."""
        with acting_as(self.organization_id):
            requests.ask(self.id)
            db.session.commit()
            syncing.run(self.id)
            return syncing.state_of(self.id)

    def rows(self) -> dict[str, MetaTemplate]:
        """What we have, by name."""
        with acting_as(self.organization_id):
            statement = db.select(MetaTemplate).where(
                MetaTemplate.waba_id == self.id, MetaTemplate.deleted_at.is_(None)
            )
            rows = db.session.scalars(statement.execution_options(populate_existing=True))
            return {row.name: row for row in rows}

    def body(self, name: str | None = None, **values) -> dict:
        """A create body that is in order."""
        return {
            "device_id": self.device.id,
            "name": name or f"t_{factories.number()}",
            "language": "id",
            "category": "UTILITY",
            "components": parts(),
            **values,
        }


@pytest.fixture
def make_waba(context, simulator_process):
    """`make_waba(organization_id)`; no webhook comes by itself."""

    def made(organization_id: int) -> Waba:
        number, token = f"7{factories.number():013d}", f"token-{factories.number()}"
        waba_id = f"9{factories.number():014d}"
        config = {"phone_number_id": number, "waba_id": waba_id}
        device = factories.device(
            organization_id, external_account=number, secrets={"access_token": token}, config=config
        )
        waba = Waba(organization_id, device, waba_id, simulator_process.url)
        waba.control("POST", "whatsapp/accounts", {**config, "access_token": token})
        return waba

    settings = f"{simulator_process.url}/_control/templates/settings"
    httpx.patch(settings, json={"verdict": "never", "webhooks": False}).raise_for_status()
    yield made
    usual = {"verdict": "by_name", "webhooks": True, "page_size": 0, "review_seconds": 8}
    httpx.patch(settings, json=usual).raise_for_status()


@pytest.fixture
def waba(make_waba, cast):
    """A WABA of the home organization."""
    return make_waba(cast.organization_id)
