"""Who may use a chat: keys, tokens, origins, limits."""

import time_machine

from cloudchat.services import webchat_settings, webchat_visitors
from cloudchat.tenancy import acting_as
from tests import factories


def test_a_session_is_a_token_and_nothing_is_stored_before_the_first_message(chat, agent):
    answer = chat.call("post", "sessions", json={"name": "Ani"})
    assert answer.status_code == 201
    assert answer.json["conversation_id"] is None and answer.json["token"]
    assert agent.get(f"/api/app/inbox/conversations?device_id={chat.device.id}").json["items"] == []


def test_a_session_needs_no_body(chat):
    assert chat.call("post", "sessions").status_code == 201


def test_an_unknown_key_is_not_found_everywhere(chat):
    visitor = chat.visitor()
    for method, path in (
        ("post", "sessions"),
        ("get", "messages"),
        ("post", "messages"),
        ("post", "seen"),
        ("get", "attachments/1"),
        ("get", "attachments/1/link"),
    ):
        body = {"text": "x", "client_id": "1", "message_id": 1} if method == "post" else None
        answer = chat.call(method, path, key="no-such-key", headers=visitor.headers, json=body)
        assert (path, answer.status_code) == (path, 404)
        assert answer.json["error"]["code"] == "not_found"


def test_hostile_keys_are_not_found(chat):
    for key in ("x" * 500, "%00", "%ED%A0%80", "..%2f..", "'--", "%F0%9F%98%80"):
        answer = chat.client.post(f"/api/chat/{key}/sessions", json={})
        assert answer.status_code == 404, key


def test_another_chats_token_opens_nothing(chat, new_chat):
    other = new_chat()
    answer = other.call("get", "messages", headers=chat.visitor().headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "chat_session")


def test_made_up_and_altered_tokens_open_nothing(chat):
    good = chat.visitor().token
    for token in ("", "x", good[:-2], good + "A", "a." + good, good.replace(".", ""), "\u00e9", "x" * 9000):
        headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        assert chat.call("get", "messages", headers=headers).status_code == 401, token
    assert chat.call("get", "messages").status_code == 401
    assert chat.call("get", "messages", headers={"Authorization": f"Basic {good}"}).status_code == 401


def test_an_agents_token_is_no_visitors_token(chat, cast):
    assert chat.call("get", "messages", headers=cast.agent.headers).status_code == 401


def test_a_visitors_token_is_no_agents_token(chat, client):
    answer = client.get("/api/app/inbox/conversations", headers=chat.visitor().headers)
    assert answer.status_code == 401


def test_a_token_expires(chat):
    with time_machine.travel("2026-01-01T00:00:00Z"):
        token = webchat_visitors.start_session(webchat_visitors.open_chat(chat.key))
    with time_machine.travel("2026-06-25T00:00:00Z"):
        assert webchat_visitors.visitor_of(token)
    with time_machine.travel("2026-07-05T00:00:00Z"):
        assert webchat_visitors.visitor_of(token) is None


def test_a_switched_off_chat_is_gone(chat, as_person, cast):
    visitor = chat.visitor()
    assert visitor.read().status_code == 200
    as_person(cast.admin).patch(f"/api/app/devices/{chat.device.id}", json={"is_active": False})
    assert visitor.read().status_code == 404


def test_names_are_cleaned():
    clean = webchat_visitors.clean_name
    assert clean("  Ani \n\t Wijaya ") == "Ani Wijaya"
    assert clean("a\u202egpj.exe") == "agpj.exe"
    assert clean("Ani\u200b\u2066") == "Ani"
    assert clean("x" * 500) == "x" * 100
    assert clean("<b>Ani</b> {{7*7}}") == "<b>Ani</b> {{7*7}}"
    assert "\x00" not in clean("A\x00ni") and "\ud800" not in clean("A\ud800")


def test_the_name_reaches_the_inbox(chat, conversation_of):
    chat.visitor("Ani <script>").post()
    assert conversation_of()["contact"]["name"] == "Ani <script>"


def test_somebody_without_a_name_is_told_apart(chat, conversation_of):
    chat.visitor().post()
    assert len(conversation_of()["contact"]["name"].split()[-1]) == 4


# --- origins -----------------------------------------------------------------------------------


def ask(chat, origin):
    return chat.call("post", "sessions", json={}, headers={"Origin": origin} if origin else {})


def test_our_own_pages_and_programs_may_call(chat):
    assert ask(chat, None).status_code == 201
    assert ask(chat, "http://localhost").status_code == 201


def test_other_sites_may_not_call(chat):
    for origin in ("https://evil.example", "null", "http://localhost.evil.example", "file://"):
        answer = ask(chat, origin)
        assert (answer.status_code, answer.json["error"]["code"]) == (403, "origin_refused"), origin


def test_a_listed_site_may_call_and_gets_no_cors_headers(new_chat):
    chat = new_chat(allowed_origins=["https://toko.example", "https://*.kopi.example"])
    for origin in ("https://toko.example", "https://www.kopi.example"):
        answer = ask(chat, origin)
        assert answer.status_code == 201, origin
        assert not any(name.lower().startswith("access-control") for name, _ in answer.headers)
    for origin in ("http://toko.example", "https://kopi.example.evil.example", "https://evilkopi.example"):
        assert ask(chat, origin).status_code == 403, origin


def test_the_origin_is_checked_for_every_call(chat):
    visitor = chat.visitor()
    headers = {**visitor.headers, "Origin": "https://evil.example"}
    body = {"text": "x", "client_id": "1"}
    assert chat.call("post", "messages", json=body, headers=headers).status_code == 403
    assert chat.call("get", "messages", headers=headers).status_code == 403


def test_settings_are_read_with_care():
    read = webchat_settings.settings_of
    assert read("A", {"color": "red;}"}).color == webchat_settings.DEFAULT_COLOR
    assert read("A", {"color": "#AABBCC"}).color == "#aabbcc"
    assert read("A", {}).origins is None
    assert webchat_settings.frame_ancestors(read("A", {})) == "*"
    written = "https://a.example/, http://b.example:8080\nhttps://x.example; script-src *"
    settings = read("A", {"allowed_origins": written})
    assert "script-src" not in webchat_settings.frame_ancestors(settings)
    assert settings.origins == ("https://a.example", "http://b.example:8080")
    only_wrong = read("A", {"allowed_origins": ["javascript:alert(1)"]})
    assert webchat_settings.frame_ancestors(only_wrong) == "'self'"


def test_wrong_settings_are_refused_on_saving(as_person, cast):
    admin = as_person(cast.admin)
    body = {
        "type": "webchat",
        "name": "Web",
        "config": {"color": "teal", "allowed_origins": ["toko.example"]},
    }
    answer = admin.post("/api/app/devices", json=body)
    assert answer.status_code == 422
    assert set(answer.json["error"]["fields"]) == {"config.color", "config.allowed_origins"}
    body["config"] = {"color": "#0d9488", "allowed_origins": ["https://toko.example"], "ask_name": True}
    made = admin.post("/api/app/devices", json=body)
    assert made.status_code == 201
    changed = admin.patch(f"/api/app/devices/{made.json['id']}", json={"config": {"color": "#12"}})
    assert changed.status_code == 422


# --- limits ------------------------------------------------------------------------------------


def test_sessions_are_limited_by_address(chat):
    answers = [chat.call("post", "sessions", json={}) for _ in range(122)]
    codes = [answer.status_code for answer in answers]
    assert codes.count(201) <= 120 and codes[-1] == 429
    assert int(answers[-1].headers["Retry-After"]) > 0
    elsewhere = chat.call("post", "sessions", json={}, environ_base={"REMOTE_ADDR": "10.9.9.9"})
    assert elsewhere.status_code == 201


def test_messages_are_limited_by_visitor_whatever_the_spelling_of_the_token(chat):
    visitor, other = chat.visitor(), chat.visitor()
    codes = []
    for at in range(122):
        headers = {"Authorization": ("Bearer " if at % 2 else "bearer  ") + visitor.token}
        body = {"text": "x", "client_id": "same"}
        codes.append(chat.call("post", "messages", json=body, headers=headers).status_code)
    assert codes.count(201) <= 120 and codes[-1] == 429
    assert other.post().status_code == 201


def test_uploads_are_limited_more_strictly(chat):
    visitor = chat.visitor()
    codes = [visitor.upload(client_id="same").status_code for _ in range(32)]
    assert codes.count(201) <= 30 and codes[-1] == 429
    assert visitor.post().status_code == 201


def test_visitors_of_two_organizations_do_not_meet(chat, client, make):
    neighbour = make.device(chat.cast.neighbour_id, "webchat", config={})
    visitor = chat.visitor()
    visitor.post("rahasia toko")
    answer = client.get(f"/api/chat/{neighbour.public_key}/messages", headers=visitor.headers)
    assert answer.status_code == 401
    with acting_as(chat.cast.neighbour_id):
        assert factories.db.session.query(factories.Message).count() == 0
