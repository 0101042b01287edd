"""What is Telegram's own: updates, taps, edits, files, the token that is never shown."""

import json
import logging

import pytest

from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.jobs import outbound as jobs
from cloudchat.models import Attachment
from cloudchat.services import connecting, files, media
from cloudchat.tenancy import acting_as
from tests.test_messages.talks import PNG

BUTTONS = [{"id": f"div:{number}", "title": f"Divisi {number}"} for number in range(1, 6)]


def test_connecting_registers_the_webhook_and_removing_takes_it_away(telegram, settings):
    device, bot = telegram.refreshed(), telegram.bot
    assert telegram.registered == f"{settings[0].public_url}/webhooks/telegram/{device.public_key}"
    assert len(bot.webhook_secret) >= 32 and "message" in bot.allowed_updates
    assert (device.status, device.config["facts"]["name"]) == ("connected", "Toko Bot")
    with acting_as(telegram.organization_id):
        connecting.remove(device.id)
    assert bot.webhook_url == ""
    assert telegram.hand_over(telegram.write()).status_code == 404


def test_a_token_that_telegram_refuses_is_not_kept(telegram):
    with acting_as(telegram.organization_id), pytest.raises(Invalid) as caught:
        connecting.create("telegram", "Bot", {"bot_token": "123456:salah"})
    assert caught.value.fields == {"config.bot_token": ["token_refused"]}


def test_a_renewed_token_keeps_the_conversations_and_a_wrong_one_is_refused(telegram):
    telegram.receive()
    talk, bot = telegram.conversation().id, telegram.bot
    bot.token, bot.webhook_url = f"{telegram.account}:baru", ""
    change = {"config": {"bot_token": f"{telegram.account}:salah"}}
    with acting_as(telegram.organization_id):
        with pytest.raises(Invalid):
            connecting.change(telegram.device.id, change)
        connecting.change(telegram.device.id, {"config": {"bot_token": bot.token}})
    assert bot.webhook_url and telegram.refreshed().status == "connected"
    telegram.receive("Masih di sini")
    assert telegram.conversation().id == talk and len(telegram.messages()) == 2


def test_a_tap_is_a_choice_and_the_waiting_sign_ends(telegram):
    telegram.receive("Halo")
    telegram.say("Pilih divisi", payload={"buttons": BUTTONS})
    telegram.deliver()
    [menu] = telegram.sent()
    assert [button["title"] for button in menu["buttons"]] == [button["title"] for button in BUTTONS]
    tap = telegram.receive(type="button", reply_to=menu["id"], button_id="div:3")
    last = telegram.messages("in")[-1]
    assert (last.type, last.text, last.payload["choice_id"]) == ("interactive", "Divisi 3", "div:3")
    query = json.loads(tap["body"])["callback_query"]
    details = {"query_id": query["id"], "chat_id": telegram.customer}
    number = str(query["message"]["message_id"])
    jobs.acknowledge(telegram.organization_id, telegram.device.id, {**details, "message_id": number})
    assert telegram.bot._answered[query["id"]] is True
    assert telegram.sent()[-1]["buttons"] == []


@pytest.mark.parametrize("edit_first", [False, True])
def test_an_edit_changes_the_message_in_whatever_order_it_comes(telegram, edit_first):
    first = telegram.write("Alamat saya Jl. Mawr")
    edit = telegram.write("Alamat saya Jl. Mawar", edit=first["id"])
    for webhook in (edit, first, edit) if edit_first else (first, edit, first):
        assert telegram.hand_over(webhook).status_code == 200
    [message] = telegram.messages()
    assert message.text == "Alamat saya Jl. Mawar"
    assert message.payload["edited_at"]
    assert ("original_text" in message.payload) is not edit_first


def test_a_photo_is_fetched_in_its_largest_size(telegram):
    telegram.receive("Ini barangnya", type="image")
    with acting_as(telegram.organization_id):
        row = db.session.scalars(db.select(Attachment)).one()
        media.fetch(row.id)
        row = db.session.get(Attachment, row.id, populate_existing=True)
        assert (row.state, row.kind, row.mime) == ("ready", "image", "image/jpeg")
    assert telegram.messages()[0].text == "Ini barangnya"


def test_files_and_quotes_go_out(telegram):
    first = telegram.receive("Ada fotonya?")
    with acting_as(telegram.organization_id):
        upload = files.store_bytes(PNG, "foto.png")
    telegram.say("Ini", upload=upload, payload={"reply_to_external_id": first["id"]})
    telegram.deliver()
    [sent] = telegram.sent()
    assert (sent["type"], sent["text"], sent["file"]) == ("image", "Ini", "foto.png")
    assert sent["request"]["reply_parameters"]["message_id"] == int(first["id"].split(":")[1])


def test_groups_and_bots_are_nobodys_conversation(telegram):
    webhook = telegram.write("di grup")
    body = json.loads(webhook["body"])
    body["message"]["chat"]["type"] = "supergroup"
    webhook["body"] = json.dumps(body)
    assert telegram.hand_over(webhook).status_code == 200
    assert telegram.messages() == [] and telegram.stored() == []


def test_the_token_is_in_no_log_and_no_answer(telegram, as_person, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    telegram.receive()
    telegram.fault("close")
    telegram.say()
    telegram.deliver()
    admin = as_person(telegram.cast.admin)
    shown = admin.get(f"/api/app/devices/{telegram.device.id}").text + admin.get("/api/app/devices").text
    out, err = capfd.readouterr()
    secret = telegram.token.partition(":")[2]
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    for text in (shown, out, err, *logged):
        assert secret not in text
