"""Control API of the WhatsApp simulator. JSON in, JSON out; nonsense gives 422.

Below /_control/whatsapp (faults, webhook log, raw webhooks and the app: see meta/control.py):

GET /accounts -> {items: [account]}
POST /accounts {any of account's fields} -> account; the rest is made up; the same id replaces
PATCH /accounts/{phone_number_id} {any} -> account; token_error 463 expired, 460, 467; 0 good again
GET /settings, PATCH /settings {any} -> the behaviour switches (`state.Behaviour`): {window:
    status | immediate | off, magic_numbers, count_inbound, statuses, sent_delay, delivered_delay,
    read: on_view | auto | never, read_delay, skip_delivered, status_order: normal | reversed |
    shuffled, status_copies: 1-20, status_batched, status_before_response, pricing,
    media_url_seconds, media_url_in_webhook, fetch_links}
POST /messages {message of a customer} -> {id, message, deliveries: [id], answers?}
POST /batch {messages: [...], delivery options} -> {ids, deliveries, answers?}: all in one POST
POST /echoes {to, type?, text?, ...} -> as /messages: written in the business's own WhatsApp app
POST /errors {code, details?, phone_number_id?} -> {deliveries, answers?}: value.errors of a number
POST /media multipart file, phone_number_id? -> {id, mime_type, filename, size}: for media_id
POST /window {phone, phone_number_id?, hours_ago?: 25} -> {phone, open, last_inbound_at}: as if the
    customer's last message were that old
POST /view {phone, phone_number_id?} -> {read: count}: the customer opens the chat, all becomes read
POST /statuses {id, statuses: [name], code?} -> {ok}: tell these of a sent message now
GET /sent ?to=&phone_number_id=&reference=&type=&after=&limit= -> {items: [sent], count,
    next_after}: every accepted message, oldest first, kept until a reset: the judge of fault tests
GET /sent/summary -> {count, recipients, by_status, by_type, repeated: [{phone_number_id, to,
    reference, count, ids}]}: repeated: accepted more than once
POST /reset -> {ok}: this simulator alone as freshly started

A customer's message: {from, type?: text, name?, phone_number_id?: the demo's, wamid?, timestamp?,
reply_to?, forwarded?, user_id?, contacts?: false, extra?: {...}} and by type:
    text {text}; location {latitude, longitude, place?, address?}; contacts {contact_name,
    contact_phone}; image, document, audio, video, sticker {media_id | data_base64, mime_type,
    filename | nothing: a sample file; caption?, voice?, animated?}; interactive {reply_type:
    button_reply | list_reply, reply_id, title, description?}; button {text, payload}; reaction
    {message_id, emoji?}; unsupported {unsupported_type?}. Any type may give its whole content
    under its own name: {"type": "order", "order": {...}}; unknown types too.
Delivery options: copies?: 1, interval?: seconds between copies, parallel?: at once, signature?,
    secret?, url?, retry?; wait?: true adds answers: the first try of every copy, as in the log.

account: {phone_number_id, waba_id, display_phone_number, verified_name, access_token, mps: 80,
    pair_burst: 45, pair_seconds: 6, token_error: 0, quality_rating, allowed_recipients: [],
    subscribed: true}
sent: {seq, id, phone_number_id, to, type, reference, at, text, payload, status, statuses: [{status,
    at}], failed_code}
Magic: a recipient whose last six digits are an error code (...131026) is refused with it; if it
    also begins with 62899, it is accepted and fails by webhook. A template named err_132015 is
    refused with that code.
"""

import secrets
import time
from collections import Counter, defaultdict

from flask import Blueprint, jsonify, request

from cloudchat.simulators.meta.control import json_body
from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.provider import set_options
from cloudchat.simulators.whatsapp.inbound import Inbound
from cloudchat.simulators.whatsapp.media import Media
from cloudchat.simulators.whatsapp.sending import preview
from cloudchat.simulators.whatsapp.state import DEMO_NUMBER, Account, Behaviour, Message, State
from cloudchat.simulators.whatsapp.statuses import Statuses

STATUS_NAMES = ("sent", "delivered", "read", "played", "failed")


class Control:
    """The routes below /_control/whatsapp."""

    def __init__(self, state: State, media: Media, inbound: Inbound, statuses: Statuses):
        self._state = state
        self._media = media
        self._inbound = inbound
        self._statuses = statuses

    def blueprint(self) -> Blueprint:
        control = Blueprint("whatsapp_control", __name__, url_prefix="/_control/whatsapp")
        inbound = self._inbound
        for method, path, function in (
            ("GET", "/accounts", self._accounts),
            ("POST", "/accounts", self._create_account),
            ("PATCH", "/accounts/<phone_number_id>", self._change_account),
            ("GET", "/settings", lambda: vars(self._state.behaviour)),
            ("PATCH", "/settings", self._change_settings),
            ("POST", "/messages", lambda: inbound.receive(json_body())),
            ("POST", "/batch", self._batch),
            ("POST", "/echoes", lambda: inbound.echo(json_body())),
            ("POST", "/errors", lambda: inbound.account_error(json_body())),
            ("POST", "/media", self._upload),
            ("POST", "/window", self._window),
            ("POST", "/view", self._view),
            ("POST", "/statuses", self._tell_statuses),
            ("GET", "/sent", self._sent),
            ("GET", "/sent/summary", self._summary),
            ("POST", "/reset", self._reset),
        ):
            name = f"{method}{path}".lower().translate(str.maketrans("/<>", "___"))
            control.add_url_rule(path, name, _jsonified(function), methods=[method])
        return control

    def _accounts(self) -> dict:
        return {"items": [self._account_view(a) for a in list(self._state.accounts.values())]}

    def _account_view(self, account: Account) -> dict:
        shown = {name: getattr(account, name) for name in Account.__dataclass_fields__}
        return shown | {"subscribed": account.waba_id not in self._state.unsubscribed}

    def _create_account(self) -> dict:
        body = json_body()
        made_up = str(secrets.randbelow(9 * 10**14) + 10**14)
        account = Account(
            phone_number_id=made_up,
            waba_id=made_up[::-1].replace("0", "1"),
            display_phone_number=f"+62811{made_up[:8]}",
            verified_name=f"Toko {made_up[:4]}",
            access_token="EAAsim" + secrets.token_hex(16),
        )
        self._apply(account, body)
        self._state.save_account(account)
        self._state.changed()
        return self._account_view(account)

    def _change_account(self, phone_number_id: str) -> dict:
        account = self._state.account(phone_number_id)
        self._apply(account, json_body())
        self._state.changed()
        return self._account_view(account)

    def _apply(self, account: Account, body: dict) -> None:
        subscribed = body.pop("subscribed", None)
        set_options(account, body)
        if {"mps", "pair_burst", "pair_seconds"} & set(body):
            account.__post_init__()  # new rates, full buckets
        if subscribed is not None:
            change = self._state.unsubscribed.discard if subscribed else self._state.unsubscribed.add
            change(account.waba_id)

    def _change_settings(self) -> dict:
        body = json_body()
        draft = Behaviour(**vars(self._state.behaviour))
        set_options(draft, body)
        draft.check()
        self._state.behaviour = draft
        self._state.changed()
        return vars(draft)

    def _batch(self) -> dict:
        body = json_body()
        return self._inbound.batch(body.get("messages") or [], body)

    def _upload(self) -> dict:
        upload = request.files.get("file")
        if upload is None:
            raise ValueError("file is missing")
        number = self._state.account(request.form.get("phone_number_id", DEMO_NUMBER)).phone_number_id
        made = self._media.add(number, upload.read(), upload.mimetype, upload.filename)
        return {
            "id": made.id,
            "mime_type": made.mime,
            "filename": made.filename,
            "size": len(made.content),
        }

    def _window(self) -> dict:
        body = json_body()
        number = self._state.account(str(body.get("phone_number_id", DEMO_NUMBER))).phone_number_id
        if not body.get("phone"):
            raise ValueError("phone is missing")
        customer = self._state.customer(number, str(body["phone"]))
        customer.last_inbound_at = time.time() - float(body.get("hours_ago", 25)) * 3600
        self._state.changed()
        return {
            "phone": customer.phone,
            "open": customer.window_open,
            "last_inbound_at": customer.last_inbound_at,
        }

    def _view(self) -> dict:
        body = json_body()
        account = self._state.account(str(body.get("phone_number_id", DEMO_NUMBER)))
        return {"read": self._statuses.viewed(account, str(body.get("phone", "")))}

    def _tell_statuses(self) -> dict:
        body = json_body()
        message = self._state.messages.get(str(body.get("id")))
        names = body.get("statuses")
        if message is None or message.source != "api":
            raise ValueError("id must be that of a sent message")
        if not isinstance(names, list) or not names or set(names) - set(STATUS_NAMES):
            raise ValueError(f"statuses must be a list of {STATUS_NAMES}")
        failure = GraphError(int(body.get("code", 131026))) if "failed" in names else None
        account = self._state.account(message.phone_number_id)
        self._statuses.tell(account, message, names, failure=failure)
        return {"ok": True}

    def _sent(self) -> dict:
        query = request.args
        after, limit = query.get("after", 0, type=int), query.get("limit", 100_000, type=int)
        wanted = {
            field: query[name]
            for name, field in {
                "to": "phone",
                "phone_number_id": "phone_number_id",
                "reference": "reference",
                "type": "type",
            }.items()
            if name in query
        }
        with self._state.lock:
            found = [
                m
                for m in self._state.sent
                if m.seq > after and all(getattr(m, field) == v for field, v in wanted.items())
            ]
        shown = found[:limit]
        return {
            "items": [sent_view(message) for message in shown],
            "count": len(found),
            "next_after": shown[-1].seq if len(found) > len(shown) else None,
        }

    def _summary(self) -> dict:
        with self._state.lock:
            sent = list(self._state.sent)
        same: dict[tuple, list[str]] = defaultdict(list)
        for message in sent:
            # Without our own reference the content decides whether two messages are the same.
            mark = message.reference or f"{message.type}:{message.content}"
            same[(message.phone_number_id, message.phone, mark)].append(message.id)
        return {
            "count": len(sent),
            "recipients": len({(m.phone_number_id, m.phone) for m in sent}),
            "by_status": Counter(message.status for message in sent),
            "by_type": Counter(message.type for message in sent),
            "repeated": [
                {
                    "phone_number_id": number,
                    "to": to,
                    "reference": mark,
                    "count": len(ids),
                    "ids": ids,
                }
                for (number, to, mark), ids in same.items()
                if len(ids) > 1
            ],
        }

    def _reset(self) -> dict:
        self._state.reset()
        self._media.reset()
        self._state.changed()
        return {"ok": True}


def sent_view(message: Message) -> dict:
    """A sent message for the log."""
    return {
        "seq": message.seq,
        "id": message.id,
        "phone_number_id": message.phone_number_id,
        "to": message.phone,
        "type": message.type,
        "reference": message.reference,
        "at": message.at,
        "text": preview(message),
        "payload": message.request,
        "status": message.status,
        "statuses": list(message.statuses),
        "failed_code": message.failed_code,
    }


def _jsonified(function):
    return lambda **arguments: jsonify(function(**arguments))
