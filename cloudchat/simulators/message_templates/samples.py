"""The Resumable Upload API: a file that a template's header shows as its sample, and its address later."""

import secrets

from flask import Blueprint, Response, request

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bad_token
from cloudchat.simulators.meta.webhooks import Deliverer
from cloudchat.simulators.whatsapp.state import State

TYPES = ("image/jpeg", "image/png", "video/mp4", "application/pdf")
KEPT = 200  # samples; the oldest go first
MOST = 16 * 1024 * 1024


class Samples:
    """`POST /{app}/uploads`, then the bytes to `/upload:…`; a list shows the handle as an address."""

    def __init__(self, state: State, deliverer: Deliverer):
        self._state, self._deliverer = state, deliverer
        self._sessions: dict[str, tuple[int, str]] = {}
        self._files: dict[str, tuple[bytes, str]] = {}

    def register(self, graph) -> None:
        graph.kind("app", self._app, self._authorize)
        graph.kind("upload", lambda node: node if node in self._sessions else None, self._authorize)
        graph.edge("app", "POST", "uploads")(self._begin)
        graph.edge("upload", "POST")(self._take)

    def _app(self, node: str) -> str | None:
        return node if node == self._deliverer.options.app_id else None

    def _authorize(self, _node: str, token: str) -> None:
        if not self._state.token_known(token):
            raise bad_token()

    def _begin(self, call: Call) -> dict:
        size, kind = request.args.get("file_length", ""), request.args.get("file_type")
        if not size.isdigit() or not 0 < int(size) <= MOST or kind not in TYPES:
            raise GraphError(100, "The file's length or type is not supported.")
        key = f"upload:{secrets.token_urlsafe(24)}"
        self._sessions[key] = int(size), kind
        return {"id": key}

    def _take(self, call: Call) -> dict:
        (size, kind), content = self._sessions.pop(call.node), request.get_data(cache=True)
        if len(content) != size:
            raise GraphError(100, "The file is not complete.")
        handle = f"4::{secrets.token_urlsafe(32)}"
        self._files[handle] = content, kind
        while len(self._files) > KEPT:
            self._files.pop(next(iter(self._files)))
        return {"h": handle}

    def shown(self, components: list) -> list:
        """The components as a list has them: an address in the place of a handle that was given here."""
        return [
            {**part, "example": {"header_handle": [self._address(handle)]}} if handle in self._files else part
            for part in components
            for handle in [_handle(part)]
        ]

    @staticmethod
    def _address(handle: str) -> str:
        """At Meta: another host, scontent.whatsapp.net."""
        return f"{request.host_url}meta/whatsapp_business/samples/{handle.removeprefix('4::')}"

    def blueprint(self) -> Blueprint:
        made = Blueprint("whatsapp_samples", __name__)
        made.add_url_rule("/meta/whatsapp_business/samples/<key>", "sample", self._download)
        return made

    def _download(self, key: str) -> Response:
        content, kind = self._files.get(f"4::{key}", (b"", ""))
        return Response(content, mimetype=kind) if content else Response("Gone", 410, mimetype="text/plain")


def _handle(part: dict) -> str:
    example = part.get("example") if isinstance(part, dict) else None
    handles = example.get("header_handle") if isinstance(example, dict) else None
    return str(handles[0]) if isinstance(handles, list) and handles else ""
