"""Bots, pairs and hours over the API, as an admin's program uses it."""

import pytest

BOTS = "/api/app/chatbot/bots"


@pytest.fixture
def api(cast, as_person):
    return as_person(cast.admin)


@pytest.fixture
def bot(cast, make):
    return make.bot(cast.organization_id)


def fields(answer) -> dict:
    assert answer.status_code in (409, 422), answer.text
    return answer.json["error"]["fields"]


def test_a_bot_from_making_to_deleting(api, cast, make):
    device = make.device(cast.organization_id, "webchat")
    made = api.post(BOTS, json={"name": "Bot Toko", "device_ids": [device.id], "greeting": "Halo Kak"})
    assert made.status_code == 201
    url = f"{BOTS}/{made.json['id']}"
    assert made.json["device_ids"] == [device.id]
    assert made.json["timezone"] == "Asia/Jakarta" and made.json["schedule_enabled"] is False
    changed = api.put(url, json={"answer_threshold": 80, "timezone": "Asia/Makassar"}).json
    assert changed["answer_threshold"] == 80 and changed["greeting"] == "Halo Kak"
    assert [item["id"] for item in api.get(BOTS).json["items"]] == [made.json["id"]]
    assert api.delete(url).status_code == 204
    assert api.get(url).status_code == 404


def test_what_is_wrong_with_a_bot_is_said_by_field(api, bot):
    url = f"{BOTS}/{bot.id}"
    assert "name" in fields(api.post(BOTS, json={"name": "  "}))
    for name, value in {
        "timezone": "../etc/passwd",
        "answer_threshold": 101,
        "misses_before_human": -1,
        "returns": "sometimes",
        "fallback_message": "",
        "escalation_words": ["x" * 41],
        "greeting": "x" * 2001,
    }.items():
        assert name in fields(api.put(url, json={name: value})), name
    assert api.get(url).json["answer_threshold"] == 75


def test_a_device_has_one_bot(api, bot, cast, make):
    """Two bots would both answer the same message."""
    device = make.device(cast.organization_id)
    assert api.put(f"{BOTS}/{bot.id}", json={"device_ids": [device.id]}).status_code == 200
    other = make.bot(cast.organization_id)
    taken = api.put(f"{BOTS}/{other.id}", json={"device_ids": [device.id]})
    assert taken.status_code == 409
    assert api.put(f"{BOTS}/{bot.id}", json={"device_ids": []}).json["device_ids"] == []
    assert api.put(f"{BOTS}/{other.id}", json={"device_ids": [device.id]}).status_code == 200


def test_pairs_are_listed_searched_and_paged(api, bot):
    url = f"{BOTS}/{bot.id}/qa"
    for number in range(3):
        body = {
            "question": f"Soal {number}?",
            "alternatives": ["lain", " lain "],
            "answer": f"Jawab_{number}",
        }
        made = api.post(url, json=body)
        assert made.status_code == 201 and made.json["alternatives"] == ["lain"]
    first = api.get(url, query_string={"limit": 2}).json
    rest = api.get(url, query_string={"limit": 2, "cursor": first["next_cursor"]}).json
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]
    assert len(api.get(url, query_string={"q": "b_1"}).json["items"]) == 1
    assert api.get(url, query_string={"cursor": "zzz"}).status_code == 422
    pair = f"/api/app/chatbot/qa/{made.json['id']}"
    assert api.put(pair, json={"is_active": False}).json["question"] == "Soal 2?"
    assert len(api.get(url, query_string={"is_active": "true"}).json["items"]) == 2
    assert "answer" in fields(api.put(pair, json={"answer": " "}))
    assert api.delete(pair).status_code == 204


def test_hours_over_the_api(api, bot):
    url = f"{BOTS}/{bot.id}/schedules"
    made = api.post(url, json={"day_of_week": 1, "start_time": "22:00", "end_time": "06:00"})
    assert made.status_code == 201
    assert made.json["end_time"] == "06:00" and made.json["is_active"] is True
    one = f"/api/app/chatbot/schedules/{made.json['id']}"
    assert api.put(one, json={"end_time": "24:00"}).json["end_time"] == "24:00"
    api.put(f"{BOTS}/{bot.id}", json={"schedule_enabled": True})
    active = f"{BOTS}/{bot.id}/active"
    monday = api.get(active, query_string={"at": "2026-11-23T23:00:00+07:00"}).json
    assert monday == {"active": True, "next_change_at": "2026-11-23T17:00:00.000Z"}
    assert api.get(f"{active}?at=2026-11-24T00:00:00+07:00").json["active"] is False
    assert api.delete(one).status_code == 204
    assert api.get(active).json == {"active": False, "next_change_at": None}


@pytest.mark.parametrize(
    ("field", "window"),
    [
        ("end_time", {"day_of_week": 1, "start_time": "08:00", "end_time": "08:00"}),
        ("day_of_week", {"day_of_week": 7, "start_time": "08:00", "end_time": "09:00"}),
        ("start_time", {"day_of_week": 0, "start_time": "24:00", "end_time": "09:00"}),
        ("start_time", {"day_of_week": 0, "start_time": "8", "end_time": "09:00"}),
        ("end_time", {"day_of_week": 0, "start_time": "08:00"}),
    ],
)
def test_wrong_windows_are_refused(api, bot, field, window):
    assert field in fields(api.post(f"{BOTS}/{bot.id}/schedules", json=window))
    week = api.put(f"{BOTS}/{bot.id}/schedules", json={"windows": [window]})
    assert f"windows.0.{field}" in fields(week)


def test_a_week_is_replaced_as_a_whole(api, bot):
    url = f"{BOTS}/{bot.id}/schedules"
    day = {"start_time": "00:00", "end_time": "24:00"}
    week = [{"day_of_week": number, **day} for number in range(7)]
    assert len(api.put(url, json={"windows": week}).json["items"]) == 7
    assert "windows" in fields(api.put(url, json={"windows": week * 1500}))
    assert len(api.get(url).json["items"]) == 7
    assert api.put(url, json={"windows": []}).json["items"] == []


def test_dates_with_hours_of_their_own(api, bot):
    url = f"{BOTS}/{bot.id}/exceptions"
    made = api.post(url, json={"date": "2026-12-25", "name": "Natal"})
    assert made.status_code == 201 and made.json["windows"] == []
    again = api.post(url, json={"date": "2026-12-25", "windows": [["09:00", "12:00"]]})
    assert again.json["id"] == made.json["id"]
    assert api.get(url).json["items"][0]["windows"] == [["09:00", "12:00"]]
    assert api.post(url, json={"date": "2026-13-45"}).status_code == 422
    assert api.post(url, json={"date": "1026-12-25"}).status_code == 422
    assert "windows.0.end_time" in fields(
        api.post(url, json={"date": "2026-12-25", "windows": [["9:00", "9:00"]]})
    )
    assert api.delete(f"/api/app/chatbot/exceptions/{made.json['id']}").status_code == 204


def test_trying_sends_and_logs_nothing(api, bot, make):
    make.pair(bot, "Apakah bisa COD?", "Bisa, untuk Jawa.", alternatives=["Bayar di tempat"])
    make.pair(bot, "Di mana alamat toko?", "Cimahi.")
    tried = api.post(f"{BOTS}/{bot.id}/try", json={"text": "apakah bisa cod"}).json
    assert tried["outcome"] == "answer" and tried["answer"] == "Bisa, untuk Jawa."
    assert tried["matched_qa_id"] == tried["suggestions"][0]["qa_id"]
    assert 0 <= tried["confidence_score"] <= 100 and tried["would_escalate"] is False
    person = api.post(f"{BOTS}/{bot.id}/try", json={"text": "mau bicara dengan agen"}).json
    assert person["outcome"] == "escalate" and person["would_escalate"] and person["answer"] is None
    polite = api.post(f"{BOTS}/{bot.id}/try", json={"text": "makasih kak 🙏"}).json
    assert polite["outcome"] == "fallback" and polite["answer"] is None


def test_who_may_what(bot, cast, as_person):
    """Managers look, agents do not, only admins change."""
    url = f"{BOTS}/{bot.id}"
    assert as_person(cast.manager).get(url).status_code == 200
    assert as_person(cast.manager).put(url, json={"name": "X"}).status_code == 403
    assert as_person(cast.agent).get(url).status_code == 403
