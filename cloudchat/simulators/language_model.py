"""A language model behind an OpenAI-compatible address, as far as the desk asks one.

The address is `{url}/llm/v1`. Any key of 8 characters or more is good, but those that begin with "salah";
a model that begins with "tidak-ada" is unknown. Asked to choose among questions it takes the one that has
most words in common with the customer's; asked for a draft it says the first answer that it was given.
`/_control/llm` sets what it says and its faults:

    PUT {"says": "…"}                             that, whatever is asked; "" ends it
    POST /_control/llm/faults {"kind": "status", "status": 429, "times": 2}
                                                  status, slow (seconds), close, html, empty, hold
                                                  (until POST /_control/llm/release, or seconds)
"""

import json
import re
import threading
from dataclasses import dataclass, field

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators import provider
from cloudchat.simulators.provider import Provider, World

KINDS = ("status", "slow", "close", "html", "empty", "hold")
MOST_CALLS = 500


@dataclass
class Fault:
    """What happens to the next calls instead of, or before, an answer."""

    kind: str
    times: int = 1
    status: int = 500
    seconds: float = 10.0


@dataclass
class State:
    """What was asked, what is said to everything, and the faults to come."""

    says: str = ""
    faults: list[Fault] = field(default_factory=list)
    calls: list[dict] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    released: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        self.release()
        with self.lock:
            self.says, self.faults, self.calls = "", [], []

    def release(self) -> None:
        """Let go of what is held, and hold anew from now on."""
        self.released.set()
        self.released = threading.Event()

    def fault(self) -> Fault | None:
        with self.lock:
            if not self.faults:
                return None
            first = self.faults[0]
            first.times -= 1
            if first.times <= 0:
                self.faults.pop(0)
            return first


def create(world: World) -> Provider:
    state = State()
    bp = Blueprint("language_model", __name__)

    @bp.post("/llm/v1/chat/completions")
    def complete():
        return _stopped(state, world) or _answer(state)

    @bp.get("/_control/llm")
    def show_llm():
        return jsonify(says=state.says, calls=state.calls)

    @bp.put("/_control/llm")
    def set_llm():
        state.says = str(request.get_json().get("says", ""))
        return jsonify(ok=True)

    @bp.post("/_control/llm/faults")
    def add_llm_fault():
        fault = Fault("")
        provider.set_options(fault, request.get_json())
        if fault.kind not in KINDS:
            raise ValueError(f"kind must be one of {list(KINDS)}")
        with state.lock:
            state.faults.append(fault)
        return jsonify(ok=True), 201

    @bp.post("/_control/llm/release")
    def release_llm():
        state.release()
        return jsonify(ok=True)

    return Provider(name="language_model", blueprints=[bp], reset=state.reset, state=state)


def _stopped(state: State, world: World) -> Response | None:
    """What keeps a call from its answer: a fault, a bad key, an unknown model."""
    body = request.get_json(silent=True) or {}
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    fault, released = state.fault(), state.released
    with state.lock:
        state.calls = [*state.calls, body][-MOST_CALLS:]
    if fault is not None and fault.kind == "slow":
        world.stopping.wait(fault.seconds)
    elif fault is not None and fault.kind == "hold":
        released.wait(fault.seconds)
    elif fault is not None and fault.kind == "close":
        request.environ["simulators.connection"].drop()
        return Response("")
    elif fault is not None and fault.kind == "html":
        return Response("<html><h1>Selamat datang</h1></html>", 200)
    elif fault is not None and fault.kind == "empty":
        return _said("")
    elif fault is not None and fault.kind == "status":
        return _error(fault.status, "server_error", "The server had an error.")
    if len(key) < 8 or key.startswith("salah"):
        return _error(401, "invalid_api_key", "Incorrect API key provided.")
    if str(body.get("model", "")).startswith("tidak-ada"):
        return _error(404, "model_not_found", "The model does not exist.")
    if not body.get("model") or not isinstance(body.get("messages"), list):
        return _error(400, "invalid_request_error", "model and messages are required.")
    return None


def _answer(state: State) -> Response:
    if state.says:
        return _said(state.says)
    asked = request.get_json()["messages"][-1].get("content", "")
    try:
        given = json.loads(asked)
    except ValueError:
        return _said("OK")
    if "questions" in given:
        return _said(json.dumps({"choice": _nearest(given["customer"], given["questions"])}))
    answers = given.get("answers") or [{"answer": "Baik Kak, kami periksa dulu."}]
    return _said(answers[0]["answer"])


def _nearest(text: str, questions: list[dict]) -> int:
    """The number of the question with most words in common; 0 where none has any."""
    said = set(re.findall(r"\w+", text.lower()))
    shared = {
        one["number"]: len(said & set(re.findall(r"\w+", one["question"].lower()))) for one in questions
    }
    best = max(shared, key=shared.get, default=0)
    return best if shared.get(best) else 0


def _said(text: str) -> Response:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return jsonify(id="chatcmpl-simulated", object="chat.completion", choices=[choice])


def _error(status: int, code: str, message: str) -> Response:
    answer = jsonify(error={"message": message, "type": "invalid_request_error", "code": code})
    answer.status_code = status
    return answer
