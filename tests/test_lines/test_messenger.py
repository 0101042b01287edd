"""What is Messenger's own: quick replies, the window and its tag, watermarks, echoes, names."""

from datetime import timedelta

import pytest

from cloudchat.errors import Conflict
from cloudchat.extensions import db, now
from cloudchat.jobs import devices as jobs
from cloudchat.models import Attachment, Conversation, Device, OutboxEntry
from cloudchat.services import media
from cloudchat.tenancy import acting_as


def age(page, **past) -> None:
    """Let the customer's last message be that long ago, on both sides."""
    ago = timedelta(**past)
    with acting_as(page.organization_id):
        row = db.session.get(Conversation, page.conversation().id, populate_existing=True)
        row.last_inbound_at = now() - ago
        db.session.commit()
    spec = {"account": page.account, "person": page.customer, "hours_ago": ago.total_seconds() / 3600}
    page.control("messenger/window", spec)


def allow_human_agent(page) -> None:
    with acting_as(page.organization_id):
        row = db.session.get(Device, page.device.id, populate_existing=True)
        row.config = {**row.config, "human_agent": True}
        db.session.commit()


def test_a_page_is_subscribed_when_it_is_connected(page):
    assert page.simulator.providers["messenger"].state.accounts[page.account].subscribed
    assert page.refreshed().config["facts"] == {"name": "Toko Sepatu"}


def test_a_quick_reply_is_a_choice(page):
    page.receive()
    buttons = [{"id": f"div:{number}", "title": f"Divisi {number}"} for number in range(13)]
    page.say("Pilih divisi", payload={"buttons": buttons})
    page.deliver()
    [menu] = page.sent()
    assert menu["buttons"] == buttons
    page.receive(type="button", reply_to=menu["id"], button_id="div:4")
    last = page.messages("in")[-1]
    assert (last.type, last.text, last.payload["choice_id"]) == ("interactive", "Divisi 4", "div:4")


def test_a_postback_is_a_choice_too(page):
    page.receive("Mulai", postback="GET_STARTED")
    [message] = page.messages()
    assert (message.type, message.text, message.payload["choice_id"]) == (
        "interactive",
        "Mulai",
        "GET_STARTED",
    )


def test_what_a_customer_takes_back_is_gone(page):
    kept = page.receive("Halo")
    gone = page.receive("Ini KTP saya", type="image")
    for mid in (gone["id"], gone["id"], "m_nobody"):  # again, and one that we never had
        again = page.event({"message": {"mid": mid, "is_deleted": True}})
        assert page.hand_over(again).status_code == 200
    first, second = page.messages()
    assert (first.text, second.text, list(second.payload)) == ("Halo", "", ["deleted_at"])
    assert kept["id"] == first.external_id and page.conversation().last_message_text == "[deleted]"
    with acting_as(page.organization_id):
        file = db.session.scalars(db.select(Attachment).where(Attachment.message_id == second.id)).one()
        assert (file.state, file.error, file.file_key, file.source) == ("failed", "deleted", None, {})
    late = page.event({"message_edit": {"mid": gone["id"], "text": "muncul lagi", "num_edit": 1}})
    page.hand_over(late)
    assert page.messages()[1].text == ""


def test_after_a_day_only_a_person_with_leave_may_write(page):
    page.receive()
    age(page, hours=30)
    with pytest.raises(Conflict) as caught:
        page.say()
    assert caught.value.code == "window_closed"
    allow_human_agent(page)
    page.say("Maaf lama ya kak")
    page.deliver()
    [sent] = page.sent()
    assert (sent["request"]["messaging_type"], sent["request"]["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    age(page, days=8)
    with pytest.raises(Conflict):
        page.say()


def test_a_window_that_closes_on_the_way_is_said_in_our_words(page):
    page.receive()
    page.say()
    page.control("messenger/window", {"account": page.account, "person": page.customer, "hours_ago": 25})
    page.deliver()
    assert page.messages("out")[0].error["code"] == "window_closed"


def test_ticks_come_from_ids_and_watermarks(page):
    page.receive()
    for text in ("satu", "dua"):
        page.say(text)
        page.deliver()
    first, second = page.sent()
    page.hand_over(page.event({"delivery": {"mids": [first["id"]], "watermark": 1}}))
    assert [row.status for row in page.messages("out")] == ["delivered", "sent"]
    before = int((now() - timedelta(minutes=5)).timestamp() * 1000)
    page.hand_over(page.event({"read": {"watermark": before}}))
    assert [row.status for row in page.messages("out")] == ["delivered", "sent"]
    page.hand_over(page.event({"read": {"watermark": int(now().timestamp() * 1000)}}))
    page.hand_over(page.event({"delivery": {"mids": [second["id"]], "watermark": 1}}))
    assert [row.status for row in page.messages("out")] == ["read", "read"]


def test_our_own_echo_settles_what_was_unclear(page):
    page.receive()
    said = page.say("Pesanan dikirim")
    page.control("meta/faults", {"kind": "close_after", "node": page.account, "edge": "messages"})
    page.deliver()
    assert page.messages("out")[0].status == "unknown"
    [sent] = page.sent()
    metadata = sent["request"]["message"]["metadata"]
    echo = {"message": {"is_echo": True, "mid": sent["id"], "app_id": 1, "text": "x", "metadata": metadata}}
    ends = {"sender": {"id": page.account}, "recipient": {"id": page.customer}}
    page.hand_over(page.event({**echo, **ends}))
    [message] = page.messages("out")
    assert (message.id, message.status, message.external_id) == (said["id"], "sent", sent["id"])
    assert page.rows(OutboxEntry) == []


def test_an_answer_typed_at_the_page_is_kept_as_one(page):
    page.receive()
    page.hand_over(page.echo("Dijawab dari halaman"))
    [message] = page.messages("out")
    assert (message.sender_type, message.text) == ("agent", "Dijawab dari halaman")
    assert page.conversation().unread_count == 0


def test_names_are_asked_for(page):
    page.receive(name="Dewi Lestari")
    assert page.contact().name == page.customer
    jobs.name_contact(page.organization_id, page.device.id, page.customer)
    assert page.contact().name == "Dewi Lestari"


def test_files_come_from_metas_hosts_only(page):
    page.receive(type="image")
    evil = {"type": "image", "payload": {"url": "http://10.0.0.1/x.jpg"}}
    page.hand_over(page.event({"message": {"mid": "m_evil", "attachments": [evil]}}))
    with acting_as(page.organization_id):
        ids = [row.id for row in db.session.scalars(db.select(Attachment).order_by(Attachment.id))]
        for row_id in ids:
            media.fetch(row_id)
        rows = [db.session.get(Attachment, row_id, populate_existing=True) for row_id in ids]
        assert [(row.state, row.error) for row in rows] == [("ready", None), ("failed", "bad_media_url")]


def test_what_another_app_answers_is_kept_and_left_alone(page):
    page.hand_over(page.event({"message": {"mid": "m_standby", "text": "halo"}}, place="standby"))
    assert [row.text for row in page.messages("in")] == ["halo"]
