"""The phone pages and control calls that every simpler channel has.

Below /_control/<name>:
GET /accounts -> {items: [{id, name, token, detail}]}; POST /accounts {id, name?, token?} -> account
POST /messages {from, account?, type?: text, text?, name?, media_id?, reply_to?, button_id?, edit?: id
    of an earlier message, copies?: 1, wait?} -> {id, deliveries, answers?}: a customer writes
POST /echoes {to, account?, text} -> as /messages: the business answers by its own hand, where it can
POST /block {person, account?, blocked?: true} -> {blocked}
POST /window {person, account?, hours_ago?: 25} -> {last_inbound_at}
POST /media multipart file -> {id, mime_type, filename}
GET /sent ?account=&to= -> {items: [{seq, id, account, to, type, text, buttons, at, status, request}]}
GET, PATCH /settings -> the switches of this provider
GET, POST, DELETE /faults: as /_control/meta/faults
POST /reset -> {ok}
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for

from cloudchat.simulators.meta.control import fault_routes, json_body
from cloudchat.simulators.phone.state import Account, Chats, Message, Person
from cloudchat.simulators.provider import set_options

LABELS = {
    "image": "Foto",
    "document": "Dokumen",
    "audio": "Pesan suara",
    "video": "Video",
    "sticker": "Stiker",
    "location": "Lokasi",
    "contact": "Kontak",
    "unsupported": "Pesan tidak didukung",
}
WINDOW = 24 * 3600


@dataclass
class Phone:
    """What a provider gives to its phone pages."""

    name: str  # part of the addresses
    title: str
    chats: Chats
    write: Callable[[dict], list]  # a customer's message -> its deliveries; the message is `made.message`
    options: Callable[[], object]
    faults: object = None
    echo: Callable[[dict], list] | None = None
    viewed: Callable[[Account, Person], None] | None = None  # the customer looks at the thread
    person_id: Callable[[str], str] = str.strip
    id_label: str = "Nomor"
    id_example: str = "0812 3456 7890"
    has_window: bool = False
    kinds: tuple[str, ...] = ("image", "document", "audio", "video", "sticker", "location")
    extra_template: str | None = None  # drawn above the list of people


def blueprints(phone: Phone) -> list[Blueprint]:
    return [_pages(phone), _control(phone)]


# --- pages -------------------------------------------------------------------------------------


def _pages(phone: Phone) -> Blueprint:
    pages = Blueprint(phone.name, __name__, url_prefix=f"/{phone.name}")
    chats = phone.chats

    def shown() -> dict:
        account, person = _chosen(chats)
        return {"phone": phone, "account": account, "person": person, "now": time.time()}

    def thread_view() -> dict:
        view = shown()
        messages = chats.thread(view["account"].id, view["person"].id)
        view["bubbles"] = [bubble(message, chats) for message in messages]
        until = view["person"].last_inbound_at + WINDOW if phone.has_window else 0
        return view | {"window_until": until}

    def people_view() -> dict:
        view = shown()
        rows = []
        for known in chats.people_of(view["account"].id):
            thread = chats.thread(view["account"].id, known.id)
            rows.append({"person": known, "last": bubble(thread[-1], chats) if thread else None})
        return view | {"people": rows}

    @pages.get("")
    def phone_page():
        accounts = list(chats.accounts.values())
        return render_template("phone/phone.html", accounts=accounts, **thread_view() | people_view())

    @pages.get("/thread")
    def thread():
        view = thread_view()
        if request.args.get("seen") and phone.viewed:
            phone.viewed(view["account"], view["person"])
        return render_template("phone/_thread.html", **view)

    @pages.get("/people")
    def people():
        return render_template("phone/_people.html", **people_view())

    @pages.post("/customers")
    def customers():
        account = chats.account(request.form.get("account", ""))
        person_id = phone.person_id(request.form.get("phone", ""))
        if not person_id:
            abort(422, f"{phone.id_label} tidak dapat dibaca.")
        chats.person(account.id, person_id, request.form.get("name", "").strip()[:80] or None)
        chats.changed()
        return redirect(url_for(".phone_page", account=account.id, customer=person_id), 303)

    @pages.get("/file/<file_id>")
    def file(file_id):
        found = chats.files.get(file_id) or abort(404)
        inline = found.mime.split("/")[0] in ("image", "audio", "video")
        answer = Response(found.content, mimetype=found.mime)
        how = "inline" if inline else "attachment"
        answer.headers.set("Content-Disposition", how, filename=found.filename)
        return answer

    return pages


def _chosen(chats: Chats) -> tuple[Account, Person]:
    """The account and the person that the address names, else the first ones."""
    account = chats.accounts.get(request.args.get("account", "")) or next(iter(chats.accounts.values()))
    people = chats.people_of(account.id)
    wanted = request.args.get("customer", "")
    person = next((one for one in people if one.id == wanted), None) or next(iter(people), None)
    return account, person or chats.person(account.id, "1001", "Budi Santoso")


def bubble(message: Message, chats: Chats) -> dict:
    """What the templates need of one message."""
    quoted = chats.find(message.account_id, message.reply_to or "")
    late = message.delivery is not None and getattr(message.delivery, "state", "") in ("retrying", "failed")
    ticks = {"customer": "late" if late else "delivered"}
    return {
        "id": message.id,
        "mine": message.source == "customer",
        "source": message.source,
        "kind": message.kind,
        "label": LABELS.get(message.kind, message.kind),
        "text": message.text,
        "quote": (quoted.text or LABELS.get(quoted.kind, quoted.kind)) if quoted else None,
        "quote_mine": bool(quoted) and quoted.source == "customer",
        "file": message.file,
        "location": message.location,
        "buttons": [
            {
                "title": button["title"],
                "send": {"type": "button", "reply_to": message.id, "button_id": button["id"]},
            }
            for button in message.buttons
        ],
        "reactions": message.reactions,
        "at": message.at,
        "edited": message.edited,
        "tick": ticks.get(message.source),
    }


# --- control -----------------------------------------------------------------------------------


def _control(phone: Phone) -> Blueprint:
    control = Blueprint(f"{phone.name}_control", __name__, url_prefix=f"/_control/{phone.name}")
    chats = phone.chats
    if phone.faults is not None:
        fault_routes(control, phone.faults)

    @control.get("/accounts")
    def accounts():
        return jsonify(items=[_account_view(account) for account in list(chats.accounts.values())])

    @control.post("/accounts")
    def add_account():
        body = json_body()
        known = chats.accounts.get(str(body.get("id", "")))
        kind = type(known or next(iter(chats.accounts.values())))
        made = known or kind(str(body["id"]), f"Toko {body['id']}", f"token-{body['id']}")
        set_options(made, {key: value for key, value in body.items() if key != "id"})
        chats.accounts[made.id] = made
        chats.changed()
        return jsonify(_account_view(made))

    @control.post("/messages")
    def messages():
        return jsonify(_written(phone.write, json_body()))

    @control.post("/echoes")
    def echoes():
        if phone.echo is None:
            raise ValueError("this provider reports no echoes")
        return jsonify(_written(phone.echo, json_body()))

    @control.post("/block")
    def block():
        body = json_body()
        account = account_of(chats, body)
        person = chats.person(account.id, str(body.get("person", "")))
        person.blocked = bool(body.get("blocked", True))
        chats.changed()
        return jsonify(blocked=person.blocked)

    @control.post("/window")
    def window():
        body = json_body()
        person = chats.person(account_of(chats, body).id, str(body.get("person", "")))
        person.last_inbound_at = time.time() - float(body.get("hours_ago", 25)) * 3600
        chats.changed()
        return jsonify(last_inbound_at=person.last_inbound_at)

    @control.post("/media")
    def media():
        upload = request.files.get("file") or abort(422)
        made = chats.keep_file(upload.read(), upload.mimetype, upload.filename)
        return jsonify(id=made.id, mime_type=made.mime, filename=made.filename)

    @control.get("/sent")
    def sent():
        wanted = {"account_id": request.args.get("account"), "person_id": request.args.get("to")}
        with chats.lock:
            found = [m for m in chats.sent if all(v in (None, getattr(m, k)) for k, v in wanted.items())]
        return jsonify(items=[sent_view(message) for message in found])

    @control.get("/settings")
    def settings():
        return jsonify(vars(phone.options()))

    @control.patch("/settings")
    def change_settings():
        set_options(phone.options(), json_body())
        chats.changed()
        return jsonify(vars(phone.options()))

    @control.post("/reset")
    def reset():
        chats.reset()
        chats.changed()
        return jsonify(ok=True)

    return control


def _written(write: Callable[[dict], list], body: dict) -> dict:
    message, deliveries = write(body)
    answer = {"id": message.id, "deliveries": [delivery.id for delivery in deliveries]}
    if body.get("wait"):
        for delivery in deliveries:
            delivery.attempted.wait(60)
        answer["answers"] = [(delivery.attempts or [{}])[0] for delivery in deliveries]
    return answer


def account_of(chats: Chats, body: dict) -> Account:
    """The account that a control call names, else the first."""
    wanted = str(body.get("account") or "")
    return chats.account(wanted) if wanted else next(iter(chats.accounts.values()))


def _account_view(account: Account) -> dict:
    names = [name for name in account.__dataclass_fields__ if not name.startswith("_")]
    return {name: getattr(account, name) for name in names if _is_plain(getattr(account, name))}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def sent_view(message: Message) -> dict:
    """A sent message for the log."""
    return {
        "seq": message.seq,
        "id": message.id,
        "account": message.account_id,
        "to": message.person_id,
        "type": message.kind,
        "text": message.text,
        "buttons": message.buttons,
        "file": message.file.filename if message.file else None,
        "at": message.at,
        "status": message.status,
        "request": message.request,
    }
