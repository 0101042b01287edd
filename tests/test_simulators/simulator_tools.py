"""A receiver that plays the app, and the calls that the tests make to the simulators."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from cloudchat import config

NUMBER, WABA, TOKEN = "106540352242922", "102290129340398", "simulator-access-token"
CUSTOMER = "6281234567801"


class Receiver:
    """Records what Meta posts; `statuses` holds the next answers, then 200."""

    def __init__(self):
        self.posts: list[dict] = []
        self.statuses: list[int] = []
        self.delay = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posts.append({"at": time.time(), "headers": self.headers, "body": body})
                time.sleep(receiver.delay)
                self._answer(receiver.statuses.pop(0) if receiver.statuses else 200, b"ok")

            def do_GET(self):
                query = httpx.URL("http://x" + self.path).params
                good = query["hub.verify_token"] == config.SIMULATOR_VERIFY_TOKEN
                self._answer(200 if good else 403, query["hub.challenge"].encode())

            def _answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a stopped simulator hangs up: no news
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/meta"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def wait(self, count: int, timeout: float = 5.0) -> list[dict]:
        """The parsed bodies, once there are this many."""
        end = time.time() + timeout
        while len(self.posts) < count and time.time() < end:
            time.sleep(0.005)
        assert len(self.posts) >= count, f"only {len(self.posts)} of {count} webhooks came"
        return [json.loads(post["body"]) for post in self.posts]

    def values(self, count: int) -> list[dict]:
        """Every `value` of every change of the first posts."""
        return [
            change["value"]
            for body in self.wait(count)
            for entry in body["entry"]
            for change in entry["changes"]
        ]

    def statuses_told(self, count: int) -> list[str]:
        """The status names, in the order of their arrival."""
        return [s["status"] for value in self.values(count) for s in value.get("statuses", [])]


class Simulator:
    """The server, with the calls that the tests make."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        self.http = httpx.Client(base_url=server.url, timeout=10)

    def graph(self, method, path, token=TOKEN, version="v24.0", **more):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.http.request(method, f"/meta/{version}/{path}", headers=headers, **more)

    def send(self, content="Halo", kind="text", to=CUSTOMER, number=NUMBER, token=TOKEN, **more):
        if kind == "text" and isinstance(content, str):
            content = {"body": content}
        body = {"messaging_product": "whatsapp", "to": to, "type": kind, kind: content, **more}
        return self.graph("POST", f"{number}/messages", token, json=body)

    def control(self, path, body=None, method=None):
        answer = self.http.request(
            method or ("GET" if body is None else "POST"),
            f"/_control/{path}",
            json=body if body is not None else None,
        )
        answer.raise_for_status()
        return answer.json()

    def settings(self, **fields):
        return self.control("whatsapp/settings", fields, "PATCH")

    def write(self, text="Halo", **more):
        return self.control("whatsapp/messages", {"from": CUSTOMER, "text": text, **more})

    def sent(self):
        return self.control("whatsapp/sent")["items"]

    def idle(self):
        assert self.control("meta/webhooks/idle")["idle"]


def code_of(answer) -> int:
    """The error code of a Graph answer, whose form is checked on the way."""
    error = answer.json()["error"]
    assert error["type"] == "OAuthException" and error["fbtrace_id"] and error["message"]
    return error["code"]


def signed_right(post) -> bool:
    right = hmac.new(config.SIMULATOR_APP_SECRET.encode(), post["body"], hashlib.sha256).hexdigest()
    return post["headers"].get("X-Hub-Signature-256") == f"sha256={right}"
