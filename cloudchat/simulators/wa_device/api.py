"""The gateway's interface below /wa-device/api: sessions, linking, sending, files."""

import base64

from flask import Blueprint, Response, jsonify, request

from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.phone.state import Message
from cloudchat.simulators.wa_device.events import Events
from cloudchat.simulators.wa_device.state import Gateway, Session, code_picture, person_of

CODES = {
    401: "Unauthorized",
    404: "Session not found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
_FILES = {"sendImage": "image", "sendFile": "document", "sendVoice": "audio", "sendVideo": "video"}


class GatewayError(Exception):
    """A refusal as the gateway's framework words it."""

    def __init__(self, code: int, message: str = ""):
        self.code = code
        self.message = message or CODES.get(code, "Error")
        super().__init__(self.message)

    def answer(self) -> Response:
        body = {"statusCode": self.code, "error": CODES.get(self.code, "Error"), "message": self.message}
        answer = jsonify(body)
        answer.status_code = self.code
        return answer


class Api:
    """The routes that a program calls."""

    def __init__(self, gateway: Gateway, events: Events, faults: Faults):
        self._gateway = gateway
        self._events = events
        self._faults = faults

    def blueprint(self) -> Blueprint:
        api = Blueprint("wa_device_api", __name__, url_prefix="/wa-device/api")
        api.before_request(self._check_key)
        api.register_error_handler(GatewayError, lambda error: error.answer())
        for method, path, view in (
            ("GET", "/sessions", self._list),
            ("POST", "/sessions", self._create),
            ("GET", "/sessions/<name>", lambda name: self._session(name).view()),
            ("PUT", "/sessions/<name>", self._change),
            ("DELETE", "/sessions/<name>", self._delete),
            ("GET", "/sessions/<name>/me", lambda name: jsonify(self._session(name).me)),
            ("POST", "/sessions/<name>/<action>", self._act),
            ("GET", "/<name>/auth/qr", self._code),
            ("POST", "/sendText", self._send_text),
            ("POST", "/sendLocation", self._send_location),
            ("POST", "/sendSeen", self._seen),
            ("POST", "/startTyping", self._seen),
            ("POST", "/stopTyping", self._seen),
            ("GET", "/files/<name>/<file_id>", self._file),
        ):
            api.add_url_rule(path, f"{method} {path}".replace(".", ""), view, methods=[method])
        for path, kind in _FILES.items():
            api.add_url_rule(f"/{path}", path, self._sender_of(kind), methods=["POST"])
        return api

    def _check_key(self) -> Response | None:
        if request.headers.get("X-Api-Key") != self._gateway.api_key:
            return GatewayError(401).answer()
        return None

    def _session(self, name: str) -> Session:
        if name not in self._gateway.accounts:
            raise GatewayError(404, f"Session '{name}' does not exist")
        return self._gateway.accounts[name]

    # --- sessions ------------------------------------------------------------------------------

    def _list(self):
        return jsonify([session.view() for session in list(self._gateway.accounts.values())])

    def _create(self):
        body = _body()
        name = str(body.get("name") or "")
        if not name or name in self._gateway.accounts:
            raise GatewayError(422, f"Session '{name}' already exists")
        session = Session(name, name, self._gateway.api_key, "belum tertaut")
        self._gateway.accounts[name] = session
        self._configure(session, body)
        if body.get("start", True):
            self._start(session)
        return session.view(), 201

    def _change(self, name: str):
        session = self._session(name)
        self._configure(session, _body())
        return session.view()

    def _configure(self, session: Session, body: dict) -> None:
        config = body.get("config") or {}
        session.webhooks = list(config.get("webhooks") or [])
        session.metadata = dict(config.get("metadata") or {})
        self._gateway.changed()

    def _delete(self, name: str):
        self._session(name)
        del self._gateway.accounts[name]
        self._gateway.changed()
        return {}

    def _act(self, name: str, action: str):
        session = self._session(name)
        if action in ("start", "restart"):
            if action == "restart" or session.status in ("STOPPED", "FAILED"):
                self._start(session)
        elif action == "stop":
            self._events.set_status(session, "STOPPED")
        elif action == "logout":
            session.linked = False
            self._events.set_status(session, "SCAN_QR_CODE")
        else:
            raise GatewayError(404, f"Cannot POST {action}")
        return session.view(), 201

    def _start(self, session: Session) -> None:
        session.code += 1
        self._events.set_status(session, "WORKING" if session.linked else "SCAN_QR_CODE")

    def _code(self, name: str):
        session = self._session(name)
        if session.status != "SCAN_QR_CODE":
            raise GatewayError(422, f"Session status is not as expected: {session.status}")
        return Response(code_picture(f"{name}{session.code}"), mimetype="image/png")

    # --- sending -------------------------------------------------------------------------------

    def _send_text(self):
        body = _body()
        if not str(body.get("text") or "").strip():
            raise GatewayError(422, "text should not be empty")
        return self._send(body, "text", str(body["text"]))

    def _send_location(self):
        body = _body()
        place = {key: body.get(key) for key in ("latitude", "longitude", "title")}
        return self._send(body, "location", str(body.get("title") or ""), location=place)

    def _sender_of(self, kind: str):
        def send():
            body = _body()
            given = body.get("file") or {}
            if not given.get("data") and not given.get("url"):
                raise GatewayError(422, "file should have data or url")
            content = base64.b64decode(given.get("data") or "")
            file = self._gateway.keep_file(content, given.get("mimetype", ""), given.get("filename"))
            shown = {**body, "file": {key: value for key, value in given.items() if key != "data"}}
            return self._send(shown, kind, str(body.get("caption") or ""), file=file)

        return send

    def _send(self, body: dict, kind: str, text: str, **content):
        session = self._session(str(body.get("session") or ""))
        person = person_of(str(body.get("chatId") or ""))
        rule = self._faults.take(session.id, kind, person)
        if rule is None:
            return self._accept(session, person, body, kind, text, content)
        connection = request.environ["simulators.connection"]
        accept = lambda: self._accept(session, person, body, kind, text, content)  # noqa: E731
        return self._faults.run(rule, connection, accept)

    def _accept(self, session: Session, person: str, body: dict, kind: str, text: str, content) -> Response:
        if session.status != "WORKING":
            message = f"Session status is not as expected. Try again later. status: {session.status}"
            raise GatewayError(422, message)
        if not person or len(text) > 65_536:
            raise GatewayError(422, "chatId should not be empty")
        how = self._gateway.behaviour
        message = Message(
            id=self._gateway.message_id(True, str(body["chatId"])),
            seq=self._gateway.next_seq(),
            account_id=session.id,
            person_id=person,
            source="api",
            kind=kind,
            text=text,
            reply_to=body.get("reply_to"),
            request=body,
            **content,
        )
        self._gateway.add(message)
        if how.echo_sent:
            told = self._events.tell_message(session, message)
            for delivery in told if how.echo_first else ():
                delivery.attempted.wait(5)
        if how.acks:
            self._events.tell_ack(session, message, 2, how.ack_delay)
        shape = {"NOWEB": message.id, "WEBJS": {"_serialized": message.id}}
        answer = {"id": shape.get(how.engine, message.id), "timestamp": int(message.at), "body": text}
        made = jsonify(answer if how.engine != "GOWS" else {"key": {"id": message.id}})
        made.status_code = 201
        return made

    def _seen(self):
        self._session(str(_body().get("session") or ""))
        return jsonify(result=True)

    def _file(self, name: str, file_id: str):
        self._session(name)
        file = self._gateway.files.get(file_id)
        if file is None:
            raise GatewayError(404, "File not found")
        return Response(file.content, mimetype=file.mime)


def _body() -> dict:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise GatewayError(422, "a JSON object is expected")
    return body
