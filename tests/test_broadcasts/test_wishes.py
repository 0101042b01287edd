"""What customers tell Meta about our offers holds here as well."""

import time

import pytest

from tests.test_broadcasts.conftest import URL, phones
from tests.test_messages.numbers import receive

STOPPED = {"code": 131050, "title": "User has stopped marketing messages", "message": "stopped"}


def told_meta(number, phone: str, value: str, at: float) -> None:
    wish = {
        "wa_id": "62" + phone[1:],
        "detail": "…",
        "category": "marketing_messages",
        "value": value,
        "timestamp": int(at),
    }
    known = {"metadata": {"phone_number_id": number.id}, "messaging_product": "whatsapp"}
    receive({"field": "user_preferences", "value": {**known, "user_preferences": [wish]}})


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_refusal_for_the_customers_wish_is_kept_as_one(campaigns, number, when):
    [phone, other] = phones(2)
    made = campaigns.make([phone])
    if when == "at once":
        number.fault("error", code=131050, times=1)
    campaigns.act(made, "start")
    number.deliver()
    if when == "later":
        [sent] = number.sent()
        number.receive(statuses=[number.status(sent["id"], "failed", errors=[STOPPED])])
    [row] = campaigns.recipients(made)
    assert row["error"]["code"] == "131050" and row["error"]["message"].startswith("Pelanggan")
    wish = campaigns.api.get(f"{URL}/opt-outs/{row['contact_id']}").json
    assert (wish["opted_out"], wish["source"]) == (True, "provider")
    assert "WhatsApp" in campaigns.api.get(f"/app/broadcasts/contacts/{row['contact_id']}").text
    assert "Tanpa broadcast" in campaigns.api.get(f"/app/inbox/{row['conversation_id']}/panel").text
    again = campaigns.make([phone, other])
    assert (again["counts"]["total"], again["left_out"]["opted_out"]) == (1, 1)


def test_what_they_tell_meta_later_takes_only_that_back(campaigns, number):
    [phone, writer] = phones(2)
    moment = time.time()
    told_meta(number, phone, "stop", moment)
    told_meta(number, phone, "stop", moment)  # Meta repeats itself
    number.customer = "62" + writer[1:]
    number.receive(number.message(content="STOP"))
    told_meta(number, writer, "stop", moment)
    people = [phone, writer, *phones(1)]
    assert campaigns.make(people)["left_out"]["opted_out"] == 2
    told_meta(number, phone, "resume", moment - 60)  # older than what is known
    assert campaigns.make(people)["left_out"]["opted_out"] == 2
    for one in (phone, writer):
        told_meta(number, one, "resume", moment + 60)
    assert campaigns.make(people)["left_out"]["opted_out"] == 1  # what was written to us stays
