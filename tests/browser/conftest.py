"""What browser tests share: signed-in pages, customers, and axe."""

import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from flask.sessions import SecureCookieSessionInterface

from cloudchat.services import accounts
from tests import factories
from tests.browser.webchat_tools import Shop
from tests.conftest import PATIENCE_MS
from tests.waiting import wait_until

CONNECTED = "document.addEventListener('cloudchat:connected', () => (window.hears = true))"
AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def sign_in(app, desk, open_page):
    """`sign_in(person, "/app/inbox")`: a page of that person, without the form and its throttle."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)

    def signed_in(person, path="/app/inbox", **options):
        page = open_page(**options)
        with app.app_context():
            token, _ = accounts.start_session(person.organization_id, person.id, None, None)
        content = {"organization": person.organization_id, "token": token, "_permanent": True}
        cookie = {"name": "cloudchat", "value": serializer.dumps(content), "url": desk}
        page.context.add_cookies([cookie])
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(error.stack or str(error)))
        page.add_init_script(CONNECTED)
        page.goto(path)
        return page

    return signed_in


def until_it_hears(page) -> None:
    """What happens elsewhere from now on reaches the page of `sign_in` by its socket."""
    wait_until(lambda: page.evaluate("window.hears"), PATIENCE_MS / 1000, "the socket did not connect")


@dataclass
class Customer:
    """Somebody in front of a web chat, speaking over its HTTP API."""

    url: str
    token: str
    count: int = 0

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def write(self, text: str) -> dict:
        self.count += 1
        body = {"text": text, "client_id": f"c{self.count}"}
        answer = httpx.post(f"{self.url}/messages", json=body, headers=self._headers)
        answer.raise_for_status()
        return answer.json()

    def read(self) -> list[dict]:
        answer = httpx.get(f"{self.url}/messages", headers=self._headers)
        answer.raise_for_status()
        return answer.json()["items"]


@pytest.fixture
def new_customer(desk):
    """`new_customer(device, "Budi")`"""

    def made(device, name="Budi Santoso"):
        url = f"{desk}/api/chat/{device.public_key}"
        answer = httpx.post(f"{url}/sessions", json={"name": name})
        answer.raise_for_status()
        return Customer(url, answer.json()["token"])

    return made


@pytest.fixture
def webchat(cast):
    """A web chat device of the cast's organization."""
    return factories.device(cast.organization_id, "webchat", name="Web Toko", config={})


@pytest.fixture
def serious_findings():
    """`serious_findings(page)`: what axe calls serious or critical, in words."""

    def findings(page) -> list[str]:
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{item['id']}: {item['help']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"][:3]
        ]

    return findings


# --- the chat page -----------------------------------------------------------------------------

BAD_LINES = re.compile(r"net::ERR_\w+|status of 4\d\d|WebSocket connection")


@pytest.fixture
def shop(desk, cast):
    """A web chat and its agent."""
    made = Shop(desk, cast, welcome="Halo! Ada yang bisa kami bantu?")
    yield made
    made.api.close()


@pytest.fixture
def visit(open_page):
    """`visit(shop, width=375)`: a visitor's page; what its console complains about fails the test,
    unless it is about a line that the test itself has cut."""
    complaints = []

    def open_one(shop, **options):
        page = open_page(**options)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda entry: entry.type == "error" and complaints.append(entry.text))
        page.goto(shop.path)
        return page

    yield open_one
    assert [text for text in complaints if not BAD_LINES.search(text)] == []
