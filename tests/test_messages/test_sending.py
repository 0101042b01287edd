"""What the desk says: its kinds, the window, and what a person may do with what failed."""

from datetime import timedelta

import pytest

from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db, now
from cloudchat.models import DevicePace
from cloudchat.services import claims, files, outbound
from cloudchat.services.conversations import set_status
from cloudchat.tenancy import acting_as
from tests.test_messages.numbers import identity
from tests.test_messages.talks import PNG
from tests.test_messages.together import at_once


def stored(organization_id, content=PNG, name="foto.png"):
    with acting_as(organization_id):
        return files.store_bytes(content, name)


# --- kinds -------------------------------------------------------------------------------------


def test_a_text_goes_out_once_and_is_sent(number, talk):
    made = talk.say("Halo, ada yang bisa dibantu? 🙏")
    assert made["status"] == "queued"
    assert number.deliver() is None
    [sent] = number.sent()
    assert sent["payload"]["text"]["body"] == "Halo, ada yang bisa dibantu? 🙏"
    assert sent["to"] == number.customer
    row = talk.message(made["id"])
    assert (row.status, row.external_id, row.error) == ("sent", sent["id"], None)
    assert number.outbox() == [] and number.deliver() is None
    assert len(number.sent()) == 1


def test_an_image_with_a_caption(number, talk, cast):
    talk.say("Ini fotonya", upload=stored(cast.organization_id))
    number.deliver()
    [sent] = number.sent()
    assert sent["type"] == "image" and sent["payload"]["image"]["caption"] == "Ini fotonya"


def test_a_file_that_the_channel_shows_in_no_other_way_is_refused(number, talk, cast):
    gif = stored(cast.organization_id, b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "a.gif")
    with pytest.raises(Invalid) as caught:
        talk.say(upload=gif)
    assert caught.value.fields == {"file": ["file_type_refused_by_channel"]}
    assert number.messages("out") == [] and number.outbox() == []


def test_the_text_beside_a_voice_note_follows_by_itself(number, talk, cast):
    ogg = stored(cast.organization_id, b"OggS\x00\x02" + bytes(22) + b"\x01\x1eOpusHead" + bytes(40), "a.ogg")
    made = talk.say("dengan teks", upload=ogg)
    assert (made["type"], made["text"]) == ("audio", "")
    number.deliver()
    assert [sent["type"] for sent in number.sent()] == ["audio", "text"]


def test_a_text_too_long_for_a_caption_follows_by_itself(number, talk, cast):
    talk.say("panjang " * 200, upload=stored(cast.organization_id))
    number.deliver()
    assert [sent["type"] for sent in number.sent()] == ["image", "text"]
    with pytest.raises(Invalid) as caught:
        talk.say("x" * 4097, upload=stored(cast.organization_id))
    assert caught.value.fields == {"text": ["too_long"]}


def test_too_large_for_the_channel(talk, cast):
    large = stored(cast.organization_id, PNG + bytes(5 * 1024 * 1024), "besar.png")
    with pytest.raises(Invalid) as caught:
        talk.say("", upload=large)
    assert caught.value.fields == {"file": ["file_too_large_for_channel"]}


BUTTONS = [{"id": f"div:{n}", "title": f"Divisi {n}"} for n in range(3)]


def test_buttons_and_lists(number, talk):
    talk.say("Pilih divisi", payload={"buttons": BUTTONS})
    rows = [{**button, "description": "Keterangan"} for button in BUTTONS]
    talk.say("Pilih dari daftar", payload={"buttons": rows, "list_button": "Pilih"})
    number.deliver()
    buttons, listed = (sent["payload"]["interactive"] for sent in number.sent())
    assert [b["reply"]["title"] for b in buttons["action"]["buttons"]] == ["Divisi 0", "Divisi 1", "Divisi 2"]
    assert listed["action"]["button"] == "Pilih"
    assert listed["action"]["sections"][0]["rows"][1]["description"] == "Keterangan"


def test_a_location(number, talk):
    place = {"latitude": -6.17, "longitude": 106.82, "name": "Monas"}
    talk.say("", payload={"location": place})
    number.deliver()
    [sent] = number.sent()
    assert sent["payload"]["location"] == place


@pytest.mark.parametrize(
    ("text", "payload", "field"),
    [
        ("", None, ("text", "required")),
        ("x" * 4097, None, ("text", "too_long")),
        (
            "Pilih",
            {"buttons": [{"id": str(n), "title": str(n)} for n in range(4)]},
            ("buttons", "too_many_choices"),
        ),
        ("Pilih", {"buttons": [{"id": "1", "title": "x" * 21}]}, ("buttons", "choice_too_long")),
        (
            "Pilih",
            {"buttons": [{"id": "1", "title": "a"}, {"id": "2", "title": "a"}]},
            ("buttons", "choices_alike"),
        ),
        ("", {"buttons": BUTTONS}, ("text", "required")),
        ("x" * 1025, {"buttons": BUTTONS}, ("text", "too_long")),
    ],
)
def test_what_the_channel_would_refuse_is_refused_at_the_door(number, talk, text, payload, field):
    with pytest.raises(Invalid) as caught:
        talk.say(text, payload=payload)
    assert caught.value.fields == {field[0]: [field[1]]}
    assert number.outbox() == []


def test_hostile_text_arrives_clean(number, talk):
    talk.say("a\ud800b\x00c")
    number.deliver()
    assert number.sent()[0]["payload"]["text"]["body"] == "abc"


def test_an_answer_reads_the_conversation(number, talk):
    number.receive(number.message())
    assert number.conversation().unread_count == 2
    made = talk.say()
    row = number.conversation()
    assert row.unread_count == 0 and row.last_message_id == made["id"]
    assert (row.last_message_text, row.last_message_direction) == ("Siap kak", "out")


def test_on_a_channel_of_our_own_it_is_sent_with_the_commit(make, cast):
    device = make.device(cast.organization_id, "webchat", config={})
    row = make.conversation(cast.organization_id, device)
    with acting_as(cast.organization_id):
        made = outbound.reply(identity(cast.agent), row.id, "Halo")
        assert made["status"] == "sent"
        assert db.session.scalar(db.select(db.func.count()).select_from(DevicePace)) == 0


# --- the window --------------------------------------------------------------------------------


def close_window(number) -> None:
    with acting_as(number.organization_id):
        row = number.conversation()
        db.session.execute(
            db.text("update conversations set last_inbound_at = now() - interval '25 hours' where id = :id"),
            {"id": row.id},
        )
        db.session.commit()


def test_outside_the_window_nothing_is_kept(number, talk):
    close_window(number)
    with pytest.raises(Conflict) as caught:
        talk.say()
    assert caught.value.code == "window_closed"
    assert number.messages("out") == []


def test_five_minutes_before_its_end_the_window_is_closed(number, talk):
    for minutes, open_ in ((23 * 60 + 54, True), (23 * 60 + 56, False)):
        with acting_as(number.organization_id):
            row = db.session.merge(number.conversation())
            row.last_inbound_at = now() - timedelta(minutes=minutes)
            db.session.commit()
        if open_:
            talk.say()
        else:
            with pytest.raises(Conflict):
                talk.say()


def test_a_window_that_only_the_provider_knows_to_be_closed(number, talk):
    """131047 at once, and as a failed status later: both end as failed, with the reason."""
    number.control("whatsapp/settings", {"window": "immediate"}, "PATCH")
    try:
        made = talk.say()
        number.deliver()
    finally:
        number.control("whatsapp/settings", {"window": "off"}, "PATCH")
    row = talk.message(made["id"])
    assert (row.status, row.error["code"]) == ("failed", "131047")
    assert number.outbox() == []


# --- by hand -----------------------------------------------------------------------------------


def test_a_failed_message_can_be_sent_again(number, talk):
    number.fault("error", code=131026)
    made = talk.say("coba lagi")
    number.deliver()
    assert talk.message(made["id"]).status == "failed"
    assert talk.act(outbound.retry, made["id"])["status"] == "queued"
    with pytest.raises(Conflict):
        talk.act(outbound.retry, made["id"])
    number.deliver()
    assert talk.message(made["id"]).status == "sent" and len(number.sent()) == 1


def test_sending_again_at_once_by_two_agents(app, number, talk, cast):
    number.fault("error", code=131026)
    made = talk.say()
    number.deliver()
    results = at_once(app, *[lambda: talk.act(outbound.retry, made["id"])] * 5)
    assert sum(isinstance(result, dict) for result in results) == 1
    number.deliver()
    assert len(number.sent()) == 1


def test_not_again_where_an_answer_would_be_refused(number, talk, cast):
    number.fault("error", code=131026)
    made = talk.say()
    number.deliver()
    talk.act(set_status, "resolved")
    with pytest.raises(Conflict) as caught:
        talk.act(outbound.retry, made["id"])
    assert caught.value.code == "conversation_resolved"


def test_an_unknown_outcome_can_be_confirmed(number, talk):
    number.fault("close_after")
    made = talk.say()
    number.deliver()
    row = talk.message(made["id"])
    assert (row.status, row.error["code"]) == ("unknown", "unknown_outcome")
    assert talk.act(outbound.confirm_sent, made["id"])["status"] == "sent"
    with pytest.raises(Conflict):
        talk.act(outbound.confirm_sent, made["id"])


def test_a_waiting_message_can_be_taken_back(number, talk):
    made = talk.say()
    talk.act(outbound.cancel_queued, made["id"])
    number.deliver()
    assert number.sent() == [] and talk.message(made["id"]).error["code"] == "cancelled"
    with pytest.raises(Conflict):
        talk.act(outbound.cancel_queued, made["id"])


def test_a_message_under_way_cannot(number, talk):
    made = talk.say()
    with acting_as(number.organization_id):
        claims.take(number.device.id, 1)
    with pytest.raises(Conflict) as caught:
        talk.act(outbound.cancel_queued, made["id"])
    assert caught.value.code == "already_sent"
