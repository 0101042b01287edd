"""The Graph API's door: version, node, token, edge, faults, error object, request log."""

import hmac
import itertools
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.provider import World

VERSIONS = range(19, 27)
MAX_REQUEST_LOG = 5000


@dataclass
class Call:
    """One Graph call, as an edge's function gets it."""

    node: object
    token: str
    version: int
    body: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """A kind of node: how to find one by id, and who may use it."""

    find: Callable[[str], object | None]
    authorize: Callable[[object, str], None]


class Graph:
    """Kinds and edges that the Meta products register, and the one route that serves them."""

    def __init__(self, world: World, faults: Faults):
        self._world = world
        self._faults = faults
        self._kinds: dict[str, Kind] = {}
        self._edges: dict[tuple[str, str, str], Callable] = {}
        self._roots: dict[tuple[str, str], Callable] = {}
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.requests: deque[dict] = deque(maxlen=MAX_REQUEST_LOG)
            self._numbers = itertools.count(1)

    def kind(self, name: str, find: Callable, authorize: Callable) -> None:
        """Register a kind of node. `authorize(node, token)` raises GraphError."""
        self._kinds[name] = Kind(find, authorize)

    def edge(self, kind: str, method: str, edge: str = "") -> Callable:
        """Decorator: serve `METHOD /{node}/{edge}` of this kind; "" is the node itself."""
        return lambda function: self._edges.setdefault((kind, method, edge), function)

    def root(self, method: str, path: str) -> Callable:
        """Decorator: serve a path without a node, such as `oauth/access_token`."""
        return lambda function: self._roots.setdefault((method, path), function)

    def blueprint(self) -> Blueprint:
        """The routes below `/meta`."""
        graph = Blueprint("graph", __name__, url_prefix="/meta")
        methods = ["GET", "POST", "DELETE"]
        graph.add_url_rule("/<version>/", "bare", self._serve, defaults={"path": ""}, methods=methods)
        graph.add_url_rule("/<version>/<path:path>", "call", self._serve, methods=methods)
        return graph

    def _serve(self, version: str, path: str) -> Response:
        entry = {"at": time.time(), "method": request.method, "path": f"/{version}/{path}"}
        connection = request.environ["simulators.connection"]
        try:
            answer = self._answer(version, path.strip("/"), entry)
        except GraphError as error:
            answer = jsonify(error.body())
            answer.status_code = error.http
            entry["code"] = error.code
            if error.http == 401:
                answer.headers["WWW-Authenticate"] = (
                    f'OAuth "Facebook Platform" "invalid_token" "{error.message}"'
                )
        entry["status"] = None if connection.dropped else answer.status_code
        entry["ms"] = round((time.time() - entry["at"]) * 1000, 1)
        with self._lock:
            entry["seq"] = next(self._numbers)
            self.requests.append(entry)
        answer.headers["facebook-api-version"] = version
        return answer

    def _answer(self, version: str, path: str, entry: dict) -> Response:
        match = re.fullmatch(r"v(\d{1,3})\.0", version)
        if not match or int(match[1]) not in VERSIONS:
            raise GraphError(2500, message=f"Unknown path components: /{path}")
        node_id, _, edge = path.partition("/")
        body = {} if node_id.startswith("upload:") else _body()  # those are bytes
        to = re.sub(r"\D", "", str(body.get("to") or _recipient(body)))
        rule = self._faults.take(node_id, edge, to)
        if rule is None:
            return self._dispatch(int(match[1]), path, body)
        entry["fault"] = rule.kind
        connection = request.environ["simulators.connection"]
        return self._faults.run(rule, connection, lambda: self._dispatch(int(match[1]), path, body))

    def _dispatch(self, version: int, path: str, body: dict) -> Response:
        if function := self._roots.get((request.method, path)):
            return _response(function(Call(None, bearer(), version, body)))
        node_id, _, edge = path.partition("/")
        token = bearer()
        if not token:
            raise GraphError(0, message="An access token is required to request this resource.")
        found = self._find(node_id)
        if not found and request.method == "GET" and self.stranger:
            self.stranger(node_id, edge, token)
            found = self._find(node_id)
        if not found:
            self._check_token_anywhere(token)
            raise unknown_object(node_id)
        name, kind, node = found[0]
        kind.authorize(node, token)
        function = self._edges.get((name, request.method, edge))
        if function is None:
            raise GraphError(2500, message=f"Unknown path components: /{edge or node_id}")
        return _response(function(Call(node, token, version, body)))

    def _find(self, node_id: str) -> list[tuple[str, Kind, object]]:
        found = [(name, kind, kind.find(node_id)) for name, kind in self._kinds.items()]
        return [(name, kind, node) for name, kind, node in found if node is not None]

    def _check_token_anywhere(self, token: str) -> None:
        """An unknown token is told so before an unknown object: hook of the products."""
        if self.token_known and not self.token_known(token):
            raise bad_token()

    token_known: Callable[[str], bool] | None = None
    stranger: Callable[[str, str, str], None] | None = None  # is told of a node that nobody knows


def bearer() -> str:
    """The access token of the present request: header, or the query as Meta also takes it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth") and token:
        return token.strip()
    return request.values.get("access_token", "")


def same_token(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def bad_token() -> GraphError:
    """The answer to a token that Meta never issued."""
    return GraphError(190, message="Invalid OAuth access token - Cannot parse access token")


def expired_token(subcode: int = 463) -> GraphError:
    """A token that was good once. 460: password changed, 463: expired, 467: logged out."""
    now = time.strftime("%A, %d-%b-%y %H:%M:%S PST")
    texts = {
        460: "The session has been invalidated because the user changed their password",
        463: f"Session has expired on {now}. The current time is {now}.",
        467: "The session is invalid because the user logged out.",
    }
    message = f"Error validating access token: {texts.get(subcode, texts[463])}"
    return GraphError(190, message=message, subcode=subcode)


def unknown_object(node_id: str) -> GraphError:
    """Unknown, or not for this token: Graph does not say which."""
    return GraphError(
        100,
        message=f"Unsupported {request.method.lower()} request. Object with ID '{node_id}' does "
        "not exist, cannot be loaded due to missing permissions, or does not support this "
        "operation.",
        subcode=33,
    )


def select_fields(node: dict, default: tuple[str, ...], kind: str) -> dict:
    """The node's fields that `?fields=` asks for; `id` always comes along."""
    wanted = [name for name in request.args.get("fields", "").split(",") if name] or default
    for name in wanted:
        if name not in node:
            raise GraphError(
                100,
                message=f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})",
            )
    return {name: node[name] for name in dict.fromkeys([*wanted, "id"])}


def _body() -> dict:
    if request.mimetype in ("multipart/form-data", "application/x-www-form-urlencoded"):
        return request.form.to_dict()
    raw = request.get_data(cache=True)
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise GraphError(100, "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise GraphError(100, "The request body must be a JSON object.")
    return body


def _recipient(body: dict) -> str:
    """To whom a page writes."""
    recipient = body.get("recipient")
    return str(recipient.get("id", "")) if isinstance(recipient, dict) else ""


def _response(answer) -> Response:
    return answer if isinstance(answer, Response) else jsonify(answer)
