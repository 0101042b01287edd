"""What all tests share: a PostgreSQL and a Redis of their own, the app, a running desk, a browser.

Tests do not clean up: each makes organizations of its own, and tenancy keeps them apart. With several
workers (`make test` starts one for each core) every worker has all of this to itself, made when its
first test asks for it; the tests of one file run in one worker, in their order.
"""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import httpx
import httpx._transports.default
import psutil
import pytest
from flask.globals import _cv_app
from flask.testing import FlaskClient
from sqlalchemy import event

from cloudchat import config as configuration
from cloudchat import local, simulators
from cloudchat.events import bus
from cloudchat.extensions import connect_redis, db, redis
from cloudchat.services import accounts
from cloudchat.services.secrets import random_token
from tests import factories
from tests.mailbox import mailbox
from tests.waiting import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent
WORKER_MEMORY = 1536 * 1024**2  # what one worker needs, its servers and its browser included
MOST_WORKERS = 4
DATABASE, EMPTY = "cloudchat_test", "cloudchat_empty"
ALONE = 9

# Else each call outside a client reads the certificates of all authorities anew: 25 ms, thousands of times
httpx._transports.default.create_ssl_context = cache(httpx.create_ssl_context)


def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` starts: one a core, as far as memory and sense go."""
    fitting = psutil.virtual_memory().available // WORKER_MEMORY
    return max(1, min(os.cpu_count() or 1, fitting, MOST_WORKERS))


@pytest.fixture(scope="session")
def services():
    """PostgreSQL and Redis, started for this run in a folder of their own."""
    with local.temporary() as running:
        yield running


@pytest.fixture(scope="session")
def desk_port():
    return free_port()


@pytest.fixture(scope="session")
def simulator_process(desk_port):
    """The provider simulators, in this process; their webhooks go to the running desk."""
    server = simulators.serve(webhook_url=f"http://127.0.0.1:{desk_port}/webhooks/meta")
    yield server
    server.stop()


@pytest.fixture
def model(simulator_process):
    """The simulated language model, as freshly started; `address` is where it is."""
    state = simulator_process.providers["language_model"].state
    state.reset()
    state.address = f"{simulator_process.url}/llm/v1"
    yield state
    state.reset()


@pytest.fixture(scope="session")
def settings(services, simulator_process, desk_port, tmp_path_factory):
    """The configuration that the app in this process and the running desk share."""
    url = services.create_database(DATABASE)
    env = {
        "DATABASE_URL": url,
        "REDIS_URL": services.redis_url,
        "CLOUDCHAT_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "PORT": str(desk_port),
        "PUBLIC_URL": f"http://localhost:{desk_port}",
        "META_GRAPH_URL": f"{simulator_process.url}/meta",
        "META_DIALOG_URL": f"{simulator_process.url}/meta",
        "TELEGRAM_API_URL": f"{simulator_process.url}/telegram",
        "WA_DEVICE_URL": f"{simulator_process.url}/wa-device",
        "RAJAONGKIR_URL": f"{simulator_process.url}/rajaongkir",
        "WEBHOOK_ALLOW": simulator_process.url.removeprefix("http://"),
        "DATABASE_POOL": "10",
    }
    return configuration.load(env | {"REDIS_URL": apart(services.redis_url)}), env


def apart(url: str) -> str:
    """The database of Redis where the app in this process queues its jobs: the running desk does not look
    there, and takes no part in the tests that do not ask for it."""
    return url.partition("?")[0] + f"?db={ALONE}"


@pytest.fixture(scope="session")
def desk_redis(settings):
    return settings[1]["REDIS_URL"], connect_redis(settings[1]["REDIS_URL"])


@pytest.fixture(autouse=True)
def who_takes_jobs(request):
    """The worker of the running desk, if the test asks for the desk; else nobody."""
    if "app" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("app")
    bus._ready.set(None)  # what a test before has left to be told
    usual = redis.url, redis._client
    if "desk" in request.fixturenames:
        redis.url, redis._client = request.getfixturevalue("desk_redis")
    yield
    redis.url, redis._client = usual


@pytest.fixture(scope="session")
def app(settings, services):
    """The application in this process, on a migrated database."""
    from flask_migrate import upgrade

    from cloudchat.app import create_app

    made = create_app(settings[0])
    made.test_client_class = Client
    with made.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()
    services.create_database(EMPTY, template=DATABASE)
    return made


@pytest.fixture
def empty_database(app, services):
    """The address of a migrated database without rows, for processes that shall find no work there."""
    yield services.create_database("cloudchat_scratch", template=EMPTY)
    services.drop_database("cloudchat_scratch")


class Client(FlaskClient):
    """A client whose requests have an application context each, as in life.

    Flask would reuse the test's own: what one request keeps in `g` (who is calling, the CSRF token)
    would still be there in the next.
    """

    def open(self, *args, buffered=True, **kwargs):
        outer = _cv_app.set(None)
        try:
            return super().open(*args, buffered=buffered, **kwargs)
        finally:
            _cv_app.reset(outer)


@pytest.fixture
def context(app):
    """An application context, for tests that call services."""
    with app.app_context():
        yield app


@pytest.fixture
def client(app):
    """A browser-like client without a session."""
    return app.test_client()


@pytest.fixture
def cast(context):
    """An organization with admin, manager, agent and colleague, and a stranger of another one."""
    return factories.cast()


@pytest.fixture
def make(context):
    """The factories."""
    return factories


@pytest.fixture
def mail_server(app):
    """A mail server for the app in this process."""
    with mailbox() as server:
        yield server


class As:
    """Calls the API as one person."""

    def __init__(self, app, person):
        self._client = app.test_client()
        self._headers = person.headers

    def __getattr__(self, method):
        def call(url, **kwargs):
            headers = {**self._headers, **kwargs.pop("headers", {})}
            return getattr(self._client, method)(url, headers=headers, **kwargs)

        return call


@pytest.fixture
def as_person(app):
    """`as_person(cast.agent).get("/api/app/me")`"""
    return lambda person: As(app, person)


@pytest.fixture
def receiver(simulator_process):
    """A program outside that webhooks may call: `url`, the `calls` as (headers, body), and the
    `statuses` to answer next."""
    name = random_token(8)
    box = simulator_process.providers["hooks"].state.box(name)
    box.url = f"{simulator_process.url}/hooks/{name}"
    return box


# --- the running desk --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def desk(app, settings):
    """A web process and a worker on the test database; answers the desk's address."""
    config, env = settings
    env = {**os.environ, **env, "FLASK_APP": "wsgi", "PYTHONPATH": str(ROOT)}
    commands = [
        [sys.executable, "wsgi.py"],
        [sys.executable, "-m", "flask", "worker"],
    ]
    logs = Path(env["CLOUDCHAT_DATA_DIR"]) / "desk.log"
    with open(logs, "ab") as out:
        processes = [
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out) for command in commands
        ]
    try:
        wait_until(lambda: _ready(config.public_url), 100, f"the desk did not start, see {logs}")
        yield config.public_url
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _ready(url: str) -> bool:
    try:
        return httpx.get(url + "/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture
def counted(app, context):
    """`with counted() as seen:` collects the statements that run."""

    @contextmanager
    def collect():
        seen = []

        def keep(_connection, _cursor, statement, *_):
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", keep)
        try:
            yield seen
        finally:
            event.remove(db.engine, "before_cursor_execute", keep)

    return collect


@pytest.fixture
def eventually():
    return wait_until


# --- the browser -------------------------------------------------------------------------------

# Longer than any page needs: on a busy machine a browser waits for its turn
PATIENCE_MS = 20_000
# The first of these that the machine has; `scripts/setup.py` installs it.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, headless, driven by Playwright."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, desk):
    """`open_page(width=375, dark=True)`: a page in a browser profile of its own, at the desk's address.

    The service worker is kept out unless asked for: which requests pass it depends on how quickly it
    was installed, and what passes it can be neither routed nor cut off.
    """
    contexts = []

    def open_one(width=1440, height=900, dark=False, locale="id-ID", service_worker=False):
        context = chromium.new_context(
            base_url=desk,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Asia/Jakarta",
            service_workers="allow" if service_worker else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def log_in(app, desk):
    """`log_in(page, person)`: the person's session in that browser, then the target page.

    The session is made directly: the form is tried by tests of its own, and it rightly refuses
    more logins a minute from one address than a whole run needs.
    """

    def log_in_as(page, person, target: str = "/app/inbox"):
        with app.app_context():
            token, _ = accounts.start_session(person.organization_id, person.id, "127.0.0.1", "tests")
        kept = {"_permanent": True, "organization": person.organization_id, "token": token}
        cookie = app.session_interface.get_signing_serializer(app).dumps(kept)
        page.context.add_cookies([{"name": "cloudchat", "value": cookie, "url": desk}])
        page.goto(target)
        return page

    return log_in_as
