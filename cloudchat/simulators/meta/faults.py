"""Fault injection for Graph calls: they fail, hang, lose their connection or answer rubbish."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass

from flask import Response

from cloudchat.simulators.meta.errors import CODES, GraphError
from cloudchat.simulators.provider import World, set_options

# kind -> (what the page calls it, does the call take effect?)
KINDS = {
    "error": ("Tolak dengan kode Meta", False),
    "status": ("Jawab HTTP 5xx berisi HTML", False),
    "hang": ("Diam dulu, lalu terima", True),
    "hold": ("Diam, lalu putus tanpa menerima", False),
    "hang_after": ("Terima, lalu diam sebelum menjawab", True),
    "close": ("Putus sebelum diterima", False),
    "close_after": ("Putus setelah diterima", True),
    "reset": ("Reset koneksi (RST) sebelum diterima", False),
    "truncate": ("Terima, JSON jawaban terpotong", True),
    "cut": ("Terima, koneksi putus di tengah jawaban", True),
    "error_after": ("Terima, tetapi jawab HTTP 500", True),
}
BAD_GATEWAY = "<html><title>Error</title><body><h1>Sorry, something went wrong.</h1></body></html>"


@dataclass
class Fault:
    """One rule. `times` None means until removed; empty filters match everything."""

    kind: str
    id: int = 0
    times: int | None = 1
    code: int = 131000
    subcode: int = 0
    message: str = ""  # instead of the one that the code has
    http: int = 0  # another HTTP status than the code's own
    status: int = 502
    seconds: float = 30.0
    edge: str = "messages"  # messages | media | "" (the node itself) | *
    node: str = ""  # a phone_number_id, page id …
    to: str = ""  # the recipient, digits only
    used: int = 0

    def matches(self, node_id: str, edge: str, to: str) -> bool:
        return (
            self.edge in ("*", edge)
            and self.node in ("", node_id)
            and self.to in ("", to)
            and (self.times is None or self.used < self.times)
        )


class Faults:
    """The rules in force, oldest first; each call uses up at most one."""

    def __init__(self, world: World, codes=CODES, make_error: Callable[[Fault], Exception] | None = None):
        self._world = world
        self._codes = codes
        self._make_error = make_error or graph_error
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._rules: list[Fault] = []

    def add(self, **fields) -> dict:
        """Add a rule from a control call; refuses what it does not know."""
        kind = fields.pop("kind", None)
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {list(KINDS)}")
        rule, times = Fault(kind, id=next(self._ids)), fields.pop("times", 1)
        set_options(rule, {"times": times, **fields} if times is not None else fields)
        rule.times = times
        if kind == "error" and rule.code not in self._codes and not rule.message:
            raise ValueError(f"unknown error code {rule.code}")
        with self._lock:
            self._rules.append(rule)
        self._world.changes.tell()
        return asdict(rule)

    def list(self) -> list[dict]:
        """The rules that still wait for a call."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def clear(self, fault_id: int | None = None) -> None:
        """Remove one rule, or all."""
        with self._lock:
            self._rules = [r for r in self._rules if fault_id is not None and r.id != fault_id]
        self._world.changes.tell()

    def take(self, node_id: str, edge: str, to: str) -> Fault | None:
        """The rule for this call, counted as used; None when it may go on undisturbed."""
        with self._lock:
            rule = next((r for r in self._rules if r.matches(node_id, edge, to)), None)
            if rule:
                rule.used += 1
                if rule.times is not None and rule.used >= rule.times:
                    self._rules.remove(rule)
        return rule

    def run(self, rule: Fault, connection, call: Callable[[], Response]) -> Response:
        """Carry the rule out around `call`, which answers the request as usual."""
        match rule.kind:
            case "error":
                raise self._make_error(rule)
            case "status":
                return Response(BAD_GATEWAY, rule.status, mimetype="text/html")
            case "close" | "reset":
                connection.drop(reset=rule.kind == "reset")
                return Response()
            case "hold":
                self._world.stopping.wait(rule.seconds)
                connection.drop()
                return Response()
            case "hang":
                self._world.stopping.wait(rule.seconds)
                return call()
        return self._after(rule, connection, call())

    def _after(self, rule: Fault, connection, answer: Response) -> Response:
        size = len(answer.get_data())
        match rule.kind:
            case "hang_after":
                self._world.stopping.wait(rule.seconds)
            case "close_after":
                connection.drop()
            case "truncate":
                answer.set_data(answer.get_data()[: size // 2])
            case "cut":
                connection.cut(size // 2)
            case "error_after":
                raise self._make_error(Fault("error", code=self._codes_worst()))
        return answer

    def _codes_worst(self) -> int:
        """The provider's "something went wrong on our side"."""
        return 131000 if 131000 in self._codes else 500


def graph_error(rule: Fault) -> GraphError:
    """Graph's way to say what the rule says."""
    return GraphError(
        rule.code, message=rule.message or None, subcode=rule.subcode or None, http=rule.http or None
    )
