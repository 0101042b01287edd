"""Browsers with an address of their own, so that no test uses up another's tries."""

import itertools

import pytest

from tests import factories

_machines = itertools.count(1)


class Browser:
    """A browser at one IP address; remembers its CSRF token."""

    def __init__(self, app):
        number = next(_machines)
        self.ip = f"10.9.{number // 250}.{number % 250 + 1}"
        self.client = app.test_client()
        self.csrf_token = ""

    def open(self, method: str, url: str, headers: dict | None = None, **kwargs):
        headers = {"X-CSRF-Token": self.csrf_token, **(headers or {})}
        environ = {"REMOTE_ADDR": self.ip}
        return self.client.open(url, method=method, headers=headers, environ_base=environ, **kwargs)

    def get(self, url: str, **kwargs):
        return self.open("GET", url, **kwargs)

    def post(self, url: str, **kwargs):
        return self.open("POST", url, **kwargs)

    def put(self, url: str, **kwargs):
        return self.open("PUT", url, **kwargs)

    def log_in(self, email: str, password: str = factories.PASSWORD, **kwargs):
        """By the API; answers the response."""
        sent = {"email": email, "password": password}
        answer = self.post("/api/auth/login", json=sent, **kwargs)
        self.csrf_token = (answer.json or {}).get("csrf_token", self.csrf_token)
        return answer

    def is_in(self) -> bool:
        return self.get("/api/app/me").status_code == 200

    def cookie(self) -> str | None:
        found = self.client.get_cookie("cloudchat")
        return found.value if found else None


@pytest.fixture
def browser(app):
    """`browser()`: a fresh one on a machine of its own."""
    return lambda: Browser(app)


@pytest.fixture
def person(make):
    """`person("agent")`: somebody of a new organization who logs in with factories.PASSWORD."""

    def one(role: str = "admin", organization_id: int | None = None):
        home = organization_id or make.organization()
        return make.person(home, role, password=factories.PASSWORD)

    return one
