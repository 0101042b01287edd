"""The pages: a customer's phone, and the control page with faults, windows, switches and logs."""

import time

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from cloudchat.simulators.meta.errors import CODES
from cloudchat.simulators.meta.faults import KINDS
from cloudchat.simulators.provider import set_options
from cloudchat.simulators.whatsapp.bubbles import bubble
from cloudchat.simulators.whatsapp.control import sent_view
from cloudchat.simulators.whatsapp.media import Media
from cloudchat.simulators.whatsapp.state import (
    ORDERS,
    READ_RULES,
    WINDOW,
    WINDOW_RULES,
    Account,
    Behaviour,
    Customer,
    State,
    to_wa_id,
)
from cloudchat.simulators.whatsapp.statuses import Statuses

MAX_PEOPLE = 50


class Pages:
    """HTML for people; the work is done by the control API and by the forms here."""

    def __init__(self, state: State, media: Media, statuses: Statuses, meta):
        self._state = state
        self._media = media
        self._statuses = statuses
        self._meta = meta

    def blueprint(self) -> Blueprint:
        pages = Blueprint("whatsapp", __name__, url_prefix="/whatsapp")
        pages.add_url_rule("", "phone", self._phone)
        pages.add_url_rule("/thread", "thread", self._thread)
        pages.add_url_rule("/people", "people", self._people)
        pages.add_url_rule("/customers", "customers", self._add_customer, methods=["POST"])
        pages.add_url_rule("/file/<media_id>", "file", self._file)
        pages.add_url_rule("/control", "control", self._control)
        pages.add_url_rule("/control/live", "live", self._live)
        pages.add_url_rule("/control/<action>", "act", self._act, methods=["POST"])
        return pages

    # The phone

    def _chosen(self) -> tuple[Account, Customer]:
        """The business number and the customer that the address names, else the first ones."""
        accounts = self._state.accounts
        account = accounts.get(request.args.get("account", "")) or next(iter(accounts.values()))
        people = self._known_people(account)
        phone = request.args.get("customer", "")
        chosen = next((c for c in people if c.phone == phone), None)
        if chosen is None:
            name = (account.phone_number_id, phone)
            chosen = self._state.customers.get(name) or (people[0] if people else None)
        return account, chosen or self._state.customer(
            account.phone_number_id, "6281234567801", "Budi Santoso"
        )

    def _known_people(self, account: Account) -> list[Customer]:
        """Customers of this number, those who wrote last first."""
        with self._state.lock:
            found = [
                c for (number, _), c in self._state.customers.items() if number == account.phone_number_id
            ]
        return sorted(found, key=lambda c: c.last_inbound_at, reverse=True)[:MAX_PEOPLE]

    def _phone(self) -> str:
        account, customer = self._chosen()
        return render_template(
            "whatsapp/phone.html",
            accounts=list(self._state.accounts.values()),
            **self._thread_view(account, customer) | self._people_view(account, customer),
        )

    def _thread(self) -> str:
        """The chat as a fragment; with `seen` the business's messages become read."""
        account, customer = self._chosen()
        if request.args.get("seen"):
            self._statuses.viewed(account, customer.phone)
        return render_template("whatsapp/_thread.html", **self._thread_view(account, customer))

    def _people(self) -> str:
        account, customer = self._chosen()
        return render_template("whatsapp/_people.html", **self._people_view(account, customer))

    def _thread_view(self, account: Account, customer: Customer) -> dict:
        messages = self._state.thread(account.phone_number_id, customer.phone)
        return {
            "account": account,
            "customer": customer,
            "bubbles": [bubble(message, self._state) for message in messages],
            "typing": customer.typing_until > time.time(),
            "window_until": customer.last_inbound_at + WINDOW,
        }

    def _people_view(self, account: Account, customer: Customer) -> dict:
        people = []
        for known in self._known_people(account):
            thread = self._state.thread(account.phone_number_id, known.phone, 20)
            last = bubble(thread[-1], self._state) if thread else None
            fresh = sum(1 for m in thread if m.source == "api" and not m.has("read"))
            people.append({"customer": known, "last": last, "fresh": fresh})
        return {"account": account, "customer": customer, "people": people}

    def _add_customer(self) -> Response:
        account = self._state.account(request.form.get("account", ""))
        phone = to_wa_id(request.form.get("phone", ""))
        if phone.startswith("0"):
            phone = "62" + phone[1:]  # as people in Indonesia write their number
        if not 7 <= len(phone) <= 15:
            abort(422, "Nomor harus 7 sampai 15 angka, dengan kode negara.")
        name = request.form.get("name", "").strip()[:80]
        self._state.customer(account.phone_number_id, phone, name or None)
        self._state.changed()
        return redirect(url_for("whatsapp.phone", account=account.phone_number_id, customer=phone), code=303)

    def _file(self, media_id: str) -> Response:
        """A media file for this page; the app has to use the Graph API."""
        found = self._media.find(media_id)
        if found is None:
            abort(404)
        inline = found.mime.split("/")[0] in ("image", "audio", "video")
        answer = Response(found.content, mimetype=found.mime)
        name = found.filename or found.id
        answer.headers.set("Content-Disposition", "inline" if inline else "attachment", filename=name)
        return answer

    # The control page

    def _control(self) -> str:
        return render_template(
            "whatsapp/control.html",
            accounts=list(self._state.accounts.values()),
            unsubscribed=self._state.unsubscribed,
            behaviour=self._state.behaviour,
            options=self._meta.webhooks.options,
            codes=CODES,
            window_rules=WINDOW_RULES,
            read_rules=READ_RULES,
            orders=ORDERS,
            **self._live_view(),
        )

    def _live(self) -> str:
        return render_template("whatsapp/_live.html", **self._live_view())

    def _live_view(self) -> dict:
        with self._state.lock:
            sent = self._state.sent[-30:][::-1]
            customers = list(self._state.customers.values())
        customers.sort(key=lambda c: c.last_inbound_at, reverse=True)
        return {
            "faults": self._meta.faults.list(),
            "deliveries": [d.view(full=True) for d in self._meta.webhooks.log(40)],
            "sent": [sent_view(message) for message in sent],
            "sent_count": len(self._state.sent),
            "customers": customers[:MAX_PEOPLE],
            "kinds": KINDS,
            "now": time.time(),
        }

    def _act(self, action: str) -> Response:
        """One form of the control page; back to its section afterwards."""
        actions = {
            "fault": self._add_fault,
            "unfault": lambda form: self._meta.faults.clear(int(form["id"])),
            "window": self._move_window,
            "account": self._change_account,
            "behaviour": self._set_behaviour,
            "webhooks": self._change_webhooks,
            "resend": lambda form: self._meta.webhooks.resend(int(form["id"])),
            "flush": lambda form: self._meta.webhooks.flush(),
            "reset": lambda form: (
                self._state.reset(),
                self._media.reset(),
                self._meta.faults.clear(),
            ),
        }
        if action not in actions:
            abort(404)
        actions[action](request.form)
        self._state.changed()
        return redirect(url_for("whatsapp.control") + f"#{request.form.get('section', '')}", code=303)

    def _add_fault(self, form) -> None:
        self._meta.faults.add(
            kind=form.get("kind"),
            times=None if form.get("forever") else int(form.get("times") or 1),
            code=int(form.get("code") or 131000),
            seconds=float(form.get("seconds") or 30),
            to=to_wa_id(form.get("to", "")),
            edge=form.get("edge", "messages"),
        )

    def _move_window(self, form) -> None:
        customer = self._state.customer(form["account"], form["phone"])
        customer.last_inbound_at = 0.0 if form.get("open") != "1" else time.time()

    def _change_account(self, form) -> None:
        account = self._state.account(form["account"])
        account.token_error = int(form.get("token_error") or 0)
        rates = {name: float(form[name]) for name in ("mps", "pair_burst", "pair_seconds") if form.get(name)}
        set_options(account, rates)
        account.__post_init__()
        change = self._state.unsubscribed.discard if form.get("subscribed") else self._state.unsubscribed.add
        change(account.waba_id)

    def _set_behaviour(self, form) -> None:
        draft = Behaviour(**vars(self._state.behaviour))
        set_options(draft, _typed(draft, form))
        draft.check()
        self._state.behaviour = draft

    def _change_webhooks(self, form) -> None:
        options = self._meta.webhooks.options
        set_options(options, _typed(options, form))
        self._meta.webhooks.wake()


def _typed(target: object, form) -> dict:
    """A form's texts as the types of the dataclass; `_switches` names its check boxes."""
    fields: dict = {name: name in form for name in form.get("_switches", "").split()}
    for name in target.__dataclass_fields__:
        if name in form and name not in fields:
            fields[name] = type(getattr(target, name))(form[name])
    return fields
