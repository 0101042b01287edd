"""An organization that is switched off: every door is closed, nothing that customers wrote is lost."""

import pytest

from cloudchat.extensions import db
from cloudchat.jobs import inbound as inbound_jobs
from cloudchat.jobs import outbound as outbound_jobs
from cloudchat.services import device_routes, organizations, outbound, stored_events, webchat_visitors
from cloudchat.tenancy import acting_as, all_organizations
from tests import factories
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401
from tests.test_messages.conftest import make_number  # noqa: F401
from tests.test_messages.numbers import identity


def switch(organization_id: int, active: bool) -> None:
    with acting_as(organization_id):
        organizations.set_active(organization_id, active)
    device_routes.forget_routes()


@pytest.fixture
def off(cast):
    """`off()` switches the home organization off, and on again at the end."""
    yield lambda: switch(cast.organization_id, False)
    switch(cast.organization_id, True)


def test_people_are_told_once_they_have_shown_who_they_are(app, cast, make, as_person, off):
    person = make.person(cast.organization_id, "admin", password=factories.PASSWORD)
    off()
    told = as_person(cast.admin).get("/api/app/me")
    assert (told.status_code, told.json["error"]["code"]) == (403, "organization_inactive")

    def log_in(password):
        sent = {"email": person.email, "password": password}
        answer = app.test_client().post("/api/auth/login", json=sent)
        return answer.status_code, answer.json["error"]["code"]

    assert log_in(factories.PASSWORD) == (403, "organization_inactive")
    assert log_in("salah-sekali-1") == (401, "wrong_credentials")
    page = app.test_client().post("/login", data={"email": person.email, "password": "salah-sekali-1"})
    assert page.status_code < 500


def test_the_web_chat_is_gone(app, cast, make, off):
    chat = make.device(cast.organization_id, "webchat", config={})
    client, url = app.test_client(), f"/api/chat/{chat.public_key}"
    token = client.post(f"{url}/sessions", json={}).json["token"]
    off()
    assert client.get(f"/chat/{chat.public_key}").status_code == 404
    assert client.get(f"/chat/{chat.public_key}/frame").status_code == 404
    assert client.post(f"{url}/sessions", json={}).status_code == 404
    sent = {"text": "Halo", "client_id": "a"}
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post(f"{url}/messages", json=sent, headers=headers).status_code == 404
    with app.app_context():
        assert webchat_visitors.closed_chats({chat.id}) == {chat.id}, "open sockets are cut"


def test_sockets_of_the_desk_are_cut(cast, socket_of, off, eventually):  # noqa: F811
    socket = socket_of(cast.agent)
    off()
    eventually(lambda: socket.ended, 8, "the socket stayed open")


def behind() -> list[int]:
    with all_organizations("a test looks"):
        return stored_events.organizations_behind()


def test_webhooks_are_kept_and_handled_when_it_is_on_again(cast, make_number, off):  # noqa: F811
    number = make_number(cast.organization_id)
    off()
    number.receive(number.message(content="Masih buka?"))
    assert number.messages() == [] and len(number.stored()) == 1
    with acting_as(cast.organization_id):
        number.stored()[0]
        db.session.execute(db.text("update webhook_events set next_attempt_at = now()"))
        db.session.commit()
    assert cast.organization_id not in behind()
    inbound_jobs.catch_up(cast.organization_id)
    assert number.messages() == [], "no job works for it"

    switch(cast.organization_id, True)
    assert cast.organization_id in behind()
    inbound_jobs.catch_up(cast.organization_id)
    assert [message.text for message in number.messages()] == ["Masih buka?"]


def test_what_waits_to_be_sent_waits(cast, make_number, off):  # noqa: F811
    number = make_number(cast.organization_id)
    number.receive(number.message())
    with acting_as(cast.organization_id):
        outbound.reply(identity(cast.agent), number.conversation().id, "Siap")
    off()
    outbound_jobs.deliver(cast.organization_id, number.device.id)
    assert number.sent() == [] and len(number.outbox()) == 1
    switch(cast.organization_id, True)
    outbound_jobs.deliver(cast.organization_id, number.device.id)
    assert len(number.sent()) == 1
