"""What the browser tests of the chat page share: a shop, its agent, and looking at bubbles."""

import struct
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from cloudchat.tenancy import acting_as
from tests import factories

BUTTONS = [{"id": "reg", "title": "Reguler"}, {"id": "kil", "title": "Kilat"}]
# Not the beginning of any kind of file that we take
UNKNOWN = bytes(range(256))
NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, {
    get() { throw new DOMException("blocked", "SecurityError"); }});"""
# The widget closes its tree to the site; tests want to look inside
OPEN_TREES = """const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function () { return attach.call(this, {mode: "open"}); };"""


class Shop:
    """A web chat and the agent behind it."""

    def __init__(self, desk, cast, **config):
        self.cast = cast
        self.device = factories.device(cast.organization_id, "webchat", name="Toko Kopi", config=config)
        self.path = f"/chat/{self.device.public_key}"
        self.api = httpx.Client(base_url=desk, headers=cast.agent.headers, timeout=10)

    def rows(self) -> list[dict]:
        return self.api.get(f"/api/app/inbox/conversations?device_id={self.device.id}").json()["items"]

    def act(self, action, body, row=None):
        row = row or self.rows()[0]
        answer = self.api.post(f"/api/app/inbox/conversations/{row['id']}/{action}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def reply(self, text, **more):
        return self.act("messages", {"text": text, **more})

    def fill(self, count):
        """As many answers of the desk, `baris 0` and on, without the way of a message."""
        with acting_as(self.cast.organization_id):
            row = factories.db.session.get(factories.Conversation, self.rows()[0]["id"])
        for at in range(count):
            factories.message(row, f"baris {at}", direction="out")

    def heard(self) -> list[str]:
        path = f"/api/app/inbox/conversations/{self.rows()[0]['id']}/messages?limit=100"
        return [item["text"] for item in self.api.get(path).json()["items"] if item["direction"] == "in"]


def write(page, text):
    page.fill("#text", text)
    page.click("#send")


def bubbles(page) -> list[str]:
    return page.locator(".bubble .words").all_text_contents()


def png(width: int, height: int) -> bytes:
    """A plain picture of this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2a\x9d\x8f" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Site:
    """A website on a port of its own; `head` goes into its pages, `policy` is their header."""

    def __init__(self, desk: str):
        self.desk, self.head, self.policy = desk, "", ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"<!doctype html><html lang=id><title>Toko</title>{site.head}<h1>Toko</h1>"
                body += "<a href=/dua>dua</a><p>" + "isi " * 2000
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if site.policy:
                    self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        # Another origin on the same host name: there a browser lets the frame keep things
        self.near_url = f"http://localhost:{self.server.server_port}"

    def embed(self, key, **options):
        data = "".join(f' data-{name}="{value}"' for name, value in options.items())
        self.head += f'<script src="{self.desk}/static/widget.js" data-key="{key}"{data} async></script>'
