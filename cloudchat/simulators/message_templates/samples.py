"""The Resumable Upload API: a file that a template's header shows as its sample."""

import secrets

from flask import request

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.graph import Call, bad_token
from cloudchat.simulators.meta.webhooks import Deliverer
from cloudchat.simulators.whatsapp.state import State

TYPES = ("image/jpeg", "image/png", "video/mp4", "application/pdf")
MOST = 16 * 1024 * 1024


class Samples:
    """`POST /{app}/uploads`, then the bytes to `/upload:…`."""

    def __init__(self, state: State, deliverer: Deliverer):
        self._state, self._deliverer = state, deliverer
        self._sessions: dict[str, int] = {}

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
        self._sessions[key] = int(size)
        return {"id": key}

    def _take(self, call: Call) -> dict:
        if len(request.get_data(cache=True)) != self._sessions.pop(call.node):
            raise GraphError(100, "The file is not complete.")
        return {"h": f"4::{secrets.token_urlsafe(32)}"}
