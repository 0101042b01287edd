"""`POST /{phone_number_id}/messages`: limits, rates, window, and what becomes of the message."""

import re
import threading
import time
from copy import deepcopy

from cloudchat.simulators.meta.errors import CODES, GraphError
from cloudchat.simulators.meta.graph import Call
from cloudchat.simulators.whatsapp import rules
from cloudchat.simulators.whatsapp.media import Media
from cloudchat.simulators.whatsapp.state import Account, Message, State, to_wa_id, wamid
from cloudchat.simulators.whatsapp.statuses import Statuses

TYPING_SECONDS = 25
FAILS_LATER = "62899"  # numbers with this start fail by a status webhook, not at once


class Sender:
    """The send endpoint."""

    def __init__(self, state: State, media: Media, statuses: Statuses):
        self._state = state
        self._media = media
        self._statuses = statuses

    def register(self, graph) -> None:
        graph.edge("phone", "POST", "messages")(self.messages)

    def messages(self, call: Call) -> dict:
        """Both things that this edge does: send, or mark as read."""
        if call.body.get("messaging_product") != "whatsapp":
            raise GraphError(100, message="(#100) The parameter messaging_product is required.")
        if "status" in call.body:
            return self._mark_read(call.node, call.body)
        kind = rules.check_message(call.body)
        account, phone = call.node, to_wa_id(str(call.body["to"]))
        content = deepcopy(call.body[kind])
        if kind == "template" and self._state.template_check:
            self._state.template_check(account, content)
        self._check_media(account, kind, content)
        self._check_recipient(account, phone)
        self._check_rates(account, phone)
        failure = self._fate(account, phone, kind)
        message = self._keep(call, phone, kind, content)
        self._follow_up(account, message, call.version, failure)
        item = {"id": message.id}
        if kind == "template":
            item["message_status"] = "accepted"
        return {
            "messaging_product": "whatsapp",
            "contacts": [{"input": str(call.body["to"]), "wa_id": phone}],
            "messages": [item],
        }

    def _mark_read(self, account: Account, body: dict) -> dict:
        message = self._state.messages.get(str(body.get("message_id")))
        if body["status"] != "read":
            raise GraphError(100, "Param status must be 'read'.")
        if (
            message is None
            or message.source != "customer"
            or message.phone_number_id != account.phone_number_id
        ):
            raise rules.invalid("Param message_id is not the id of a message received by this number.")
        typing = body.get("typing_indicator")
        if typing is not None and typing != {"type": "text"}:
            raise rules.invalid("typing_indicator['type'] must be 'text'.")
        with self._state.lock:
            for earlier in self._state.threads[(account.phone_number_id, message.phone)]:
                if earlier.seq <= message.seq and earlier.source == "customer":
                    earlier.read = True
            if typing:
                customer = self._state.customer(account.phone_number_id, message.phone)
                customer.typing_until = time.time() + TYPING_SECONDS
        self._state.changed()
        return {"success": True}

    def _check_media(self, account: Account, kind: str, content) -> None:
        for media_kind, part in media_parts(kind, content):
            if part.get("id"):
                self._media.check(account, media_kind, part["id"])

    def _check_recipient(self, account: Account, phone: str) -> None:
        if phone == account.digits:
            raise GraphError(131021)
        if account.allowed_recipients and phone not in account.allowed_recipients:
            raise GraphError(131030)

    @staticmethod
    def _check_rates(account: Account, phone: str) -> None:
        if not account.throughput.take():
            raise GraphError(130429)
        if not account.pair(phone).take():
            raise GraphError(131056)

    def _fate(self, account: Account, phone: str, kind: str) -> GraphError | None:
        """The error that comes later by webhook; one that comes at once is raised."""
        how = self._state.behaviour
        code = magic_code(phone) if how.magic_numbers else None
        if code:
            if phone.startswith(FAILS_LATER):
                return GraphError(code)
            raise GraphError(code)
        customer = self._state.customers.get((account.phone_number_id, phone))
        if kind == "template" or how.window == "off" or (customer and customer.window_open):
            return None
        if how.window == "immediate":
            raise GraphError(131047)
        return GraphError(131047)

    def _keep(self, call: Call, phone: str, kind: str, content) -> Message:
        account, body = call.node, call.body
        with self._state.lock:
            customer = self._state.customer(account.phone_number_id, phone)
            customer.typing_until = 0.0
            if kind == "reaction" and (target := self._state.messages.get(content["message_id"])):
                target.reactions["business"] = content["emoji"]
            message = self._state.add(
                Message(
                    id=wamid(phone),
                    seq=self._state.next_seq(),
                    phone_number_id=account.phone_number_id,
                    phone=phone,
                    source="api",
                    type=kind,
                    content=content,
                    request=body,
                    reference=body.get("biz_opaque_callback_data"),
                    context_id=(body.get("context") or {}).get("message_id"),
                )
            )
        self._state.changed()
        return message

    def _follow_up(self, account, message, version, failure) -> None:
        how = self._state.behaviour
        links = [p for p in media_parts(message.type, message.content) if p[1].get("link")]
        if not links or failure or not how.fetch_links:
            self._statuses.plan(account, message, version, failure)
        elif how.status_before_response:
            self._fetch_and_plan(account, message, version, links)
        else:
            job = (account, message, version, links)
            threading.Thread(target=self._fetch_and_plan, args=job, daemon=True).start()

    def _fetch_and_plan(self, account, message, version, links) -> None:
        failure = None
        for kind, part in links:
            try:
                part["id"] = self._media.fetch(account, kind, part["link"]).id
            except GraphError as error:
                failure = error
        self._statuses.plan(account, message, version, failure)
        self._state.changed()


def magic_code(phone: str) -> int | None:
    """The error that this number stands for: its last six digits are one of Meta's codes."""
    code = int(phone[-6:])
    return code if code >= 100_000 and code in CODES else None


def media_parts(kind: str, content) -> list[tuple[str, dict]]:
    """All media of a message: its own, an interactive header's, template parameters'."""
    if kind in rules.MEDIA:
        return [(kind, content)]
    holders = []
    if kind == "interactive":
        holders = [content.get("header")]
    elif kind == "template":
        components = [c for c in content.get("components", []) if isinstance(c, dict)]
        holders = [p for c in components for p in c.get("parameters") or []]
    found = []
    for holder in holders:
        form = holder.get("type") if isinstance(holder, dict) else None
        if form in rules.MEDIA and isinstance(holder.get(form), dict):
            found.append((form, holder[form]))
    return found


def preview(message: Message) -> str:
    """The text that a person would read in this message."""
    content = message.content
    if message.type == "contacts":
        names = [c.get("name") for c in content if isinstance(c, dict)]
        return ", ".join(str(n.get("formatted_name", "")) for n in names if isinstance(n, dict))
    if message.type == "template":
        values = [
            str(p.get("text") or p.get("payload") or "")
            for c in content.get("components", [])
            if isinstance(c, dict) and str(c.get("type")).lower() == "body"
            for p in c.get("parameters") or []
        ]
        return re.sub(r"\s+", " ", f"[{content['name']}] {' · '.join(values)}").strip()
    body = content.get("body")
    text = body.get("text") if isinstance(body, dict) else body
    return str(text or content.get("caption") or content.get("filename") or content.get("name") or "")
