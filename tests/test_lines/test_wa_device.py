"""What is a linked phone's own: the code to scan, answers typed on it, its slow pace."""

import json

import pytest

from cloudchat.extensions import db
from cloudchat.models import Attachment, DevicePace, Division, OutboxEntry, QueueEntry
from cloudchat.services import claims, connecting, divisions, media
from cloudchat.services.queueing import settings
from cloudchat.tenancy import acting_as
from tests.conftest import wait_until


def test_a_phone_is_linked_by_its_code(make_line, cast):
    line = make_line("wa_device")
    line.link("unlink")
    with acting_as(line.organization_id):
        waiting = connecting.link(line.device.id)
        assert (waiting.state, waiting.status) == ("SCAN_QR_CODE", "needs_reauth")
        assert waiting.picture.startswith(b"\x89PNG")
    assert line.refreshed().last_error["code"] == "scan_needed"
    line.link("scan")
    assert line.hand_over(line.event("session.status", {"status": "WORKING"})).status_code == 200
    device = line.refreshed()
    assert (device.status, device.last_error) == ("connected", None)
    with acting_as(line.organization_id):
        linked = connecting.link(line.device.id)
        assert (linked.status, linked.picture) == ("connected", None)
        assert linked.facts["phone"].startswith("+62")


def test_what_waits_while_the_phone_is_away_goes_out_when_it_is_back(phone):
    phone.receive()
    phone.link("unlink")
    said = phone.say("Sebentar ya kak")
    phone.deliver()
    assert phone.messages("out")[0].status == "queued" and phone.sent() == []
    phone.link("scan")
    phone.hand_over(phone.event("session.status", {"status": "SCAN_QR_CODE"}))
    phone.hand_over(phone.event("session.status", {"status": "WORKING"}))
    with acting_as(phone.organization_id):
        assert db.session.get(DevicePace, phone.device.id, populate_existing=True).blocked_until is None
        db.session.execute(db.update(OutboxEntry).values(next_attempt_at=db.func.now()))
        db.session.commit()
    phone.deliver()
    [sent] = phone.sent()
    assert sent["text"] == "Sebentar ya kak" and phone.messages("out")[0].id == said["id"]


def test_an_answer_typed_on_the_phone_counts_as_a_human_one(phone):
    phone.receive("Masih buka?")
    with acting_as(phone.organization_id):
        row = phone.conversation()
        row = db.session.merge(row)
        row.needs_human = True
        db.session.commit()
    assert phone.hand_over(phone.echo("Masih kak")).status_code == 200
    row, message = phone.conversation(), phone.messages("out")[0]
    assert (message.sender_type, message.text, message.status) == ("agent", "Masih kak", "sent")
    assert (row.unread_count, row.needs_human) == (0, False)


def test_an_answer_typed_on_the_phone_takes_the_customer_out_of_the_line(phone):
    with acting_as(phone.organization_id):
        for name in ("Billing", "Support"):
            divisions.save(Division(), {"name": name, "members": [phone.cast.agent.id]})
        settings.save({"is_enabled": True})
    phone.receive("Halo")
    assert phone.conversation().awaiting_division_selection
    phone.hand_over(phone.echo("Ada apa kak?"))
    assert not phone.conversation().awaiting_division_selection
    phone.receive("Mau tanya")
    phone.receive("1")
    phone.hand_over(phone.echo("Saya bantu ya"))
    with acting_as(phone.organization_id):
        rows = db.session.scalars(db.select(QueueEntry).execution_options(populate_existing=True)).all()
        assert [(row.status, row.end_reason) for row in rows] == [("cancelled", "elsewhere")] * len(rows)


@pytest.mark.parametrize("when", ["before the answer", "after it", "the answer is lost"])
def test_the_echo_of_our_own_message_is_that_message(phone, when):
    phone.receive()
    said = phone.say("Pesanan dikirim besok")
    if when == "the answer is lost":
        phone.fault("close_after")
    if when == "before the answer":
        with acting_as(phone.organization_id):
            claims.take(phone.device.id, 1)  # its sender hangs in the call
        echo = phone.echo("Pesanan dikirim besok")
    else:
        phone.deliver()
        [sent] = phone.sent()
        item = {"id": sent["id"], "from": "6281100000002@c.us", "to": f"{phone.customer}@c.us"}
        item |= {"fromMe": True, "body": sent["text"]}
        echo = phone.event("message.any", item)
    assert phone.hand_over(echo).status_code == 200
    [message] = phone.messages("out")
    assert (message.id, message.status, message.external_id) == (said["id"], "sent", echo["id"])
    assert phone.rows(OutboxEntry) == []


def test_ticks_come_from_acks_in_any_order(phone):
    phone.receive()
    phone.say()
    phone.deliver()
    [sent] = phone.sent()
    ends = {"id": sent["id"], "from": "6281100000002@c.us", "to": f"{phone.customer}@c.us", "fromMe": True}
    for ack, status in ((3, "read"), (2, "read"), (-1, "read"), (1, "read")):
        phone.hand_over(phone.event("message.ack", {**ends, "ack": ack}))
        assert phone.messages("out")[0].status == status


def test_a_file_comes_from_the_gateway_and_nowhere_else(phone):
    phone.receive("Bukti transfer", type="image")
    webhook = phone.write("curang", type="image")
    body = json.loads(webhook["body"])
    body["payload"]["media"]["url"] = "http://169.254.169.254/latest/meta-data"
    raw = json.dumps(body).encode()
    phone.hand_over({"body": raw, "headers": phone.headers(raw)})
    with acting_as(phone.organization_id):
        rows = db.session.scalars(db.select(Attachment).order_by(Attachment.id)).all()
        ids = [row.id for row in rows]
        for row_id in ids:
            media.fetch(row_id)
        rows = [db.session.get(Attachment, row_id, populate_existing=True) for row_id in ids]
        assert [(row.state, row.error) for row in rows] == [("ready", None), ("failed", "bad_media_url")]


def test_groups_and_statuses_are_passed_over(phone):
    webhook = phone.write()
    for chat in ("6281-123@g.us", "status@broadcast", "1@newsletter"):
        item = {**json.loads(webhook["body"])["payload"], "from": chat, "id": f"x{chat}"}
        assert phone.hand_over(phone.event("message.any", item)).status_code == 200
    assert phone.messages() == []


def test_a_linked_phone_is_paced_like_a_person(phone):
    phone.set_pace(0)
    for number in range(3):
        phone.customer = f"62813{number}{phone.customer[-7:]}"
        phone.receive()
        phone.say()
    wait = phone.deliver()
    assert wait and 1 < wait < 7
    # A running worker may be the one that sends
    wait_until(lambda: sum(message.status == "sent" for message in phone.messages("out")) == 1)
