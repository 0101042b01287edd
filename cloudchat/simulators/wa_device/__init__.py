"""A WhatsApp gateway with WAHA's interface, simulated: sessions to link, events, a customer's phone."""

from flask import Blueprint, redirect, request, url_for

from cloudchat.simulators.meta.control import json_body
from cloudchat.simulators.meta.faults import Faults
from cloudchat.simulators.phone.pages import Phone, blueprints
from cloudchat.simulators.provider import Provider, World
from cloudchat.simulators.wa_device.api import CODES, Api, GatewayError
from cloudchat.simulators.wa_device.events import Events
from cloudchat.simulators.wa_device.state import Gateway


def create(world: World) -> Provider:
    """Wire the parts together. Events are delivered by the queue that Meta's simulator has."""
    gateway = Gateway(world)
    faults = Faults(world, CODES, lambda rule: GatewayError(rule.code, rule.message))
    events = Events(gateway, world.shared["meta"].webhooks)
    phone = Phone(
        name="wa-device",
        title="Ponsel tertaut",
        chats=gateway,
        write=events.write,
        echo=events.typed_on_phone,
        viewed=events.viewed,
        options=lambda: gateway.behaviour,
        faults=faults,
        person_id=_number,
        id_label="Nomor WhatsApp",
        kinds=("image", "document", "audio", "video", "sticker", "location", "contact"),
        extra_template="phone/_link.html",
    )

    def reset():
        gateway.reset()
        faults.clear()

    pages = blueprints(phone)
    _linking(pages[0], pages[1], gateway, events)
    return Provider(
        name="wa-device",
        title="WhatsApp gateway (WAHA)",
        summary="Tautkan ponsel dengan kode QR, tulis sebagai pelanggan, jawab dari ponsel toko.",
        links=(("/wa-device", "Ponsel tertaut"),),
        blueprints=[Api(gateway, events, faults).blueprint(), *pages],
        reset=reset,
        state=gateway,
    )


def _number(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    digits = "62" + digits[1:] if digits.startswith("0") else digits
    return digits if 7 <= len(digits) <= 15 else ""


def _linking(pages: Blueprint, control: Blueprint, gateway: Gateway, events: Events) -> None:
    """The shop's own phone: it scans the code, is unlinked, or answers a customer by itself."""

    @pages.post("/link/<action>")
    def link(action):
        session = gateway.account(request.form.get("account", ""))
        if action == "echo":
            text = request.form.get("text", "").strip()
            if text:
                events.typed_on_phone({"account": session.id, "to": request.form["person"], "text": text})
        else:
            _act(action, session, events)
        back = {"account": session.id, "customer": request.form.get("person", "")}
        return redirect(url_for(".phone_page", **back), 303)

    @control.post("/link")
    def control_link():
        body = json_body()
        session = gateway.account(str(body.get("account", "")))
        _act(str(body.get("action", "scan")), session, events)
        return {"status": session.status}


def _act(action: str, session, events: Events) -> None:
    states = {"scan": "WORKING", "unlink": "SCAN_QR_CODE", "fail": "FAILED"}
    if action not in states:
        raise ValueError(f"action must be one of {list(states)}")
    session.linked = action == "scan"
    events.set_status(session, states[action])
