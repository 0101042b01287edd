"""A webhook of an organization, and programs that it calls."""

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cloudchat.clients import guarded
from cloudchat.services.webhooks import endpoints, sending
from cloudchat.services.webhooks.kinds import EVENTS
from cloudchat.tenancy import acting_as

SECRET = "rahasia-webhook"


@pytest.fixture
def hook(cast, receiver):
    """The id of a webhook that wants everything."""
    with acting_as(cast.organization_id):
        values = {"url": receiver.url, "events": list(EVENTS), "secret": SECRET}
        return endpoints.create(values, None)[0].id


@pytest.fixture
def send(cast):
    """`send()`: what a worker does, at once."""

    def run():
        with acting_as(cast.organization_id):
            return sending.deliver()

    return run


@pytest.fixture
def odd_server(settings):
    """A server that answers 200 and then whatever `answer(file)` writes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):  # whoever called has heard enough
                self.server.answer(self.wfile)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    guarded.configure([f"127.0.0.1:{server.server_port}"])
    yield server
    guarded.configure(settings[0].webhook_allow)
    server.shutdown()
