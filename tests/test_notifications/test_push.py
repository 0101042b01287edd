"""Web push over real HTTP to a simulated push service: sealed, small, gone when it should be."""

import base64
import json
from datetime import timedelta

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02
from sqlalchemy import select, update

from cloudchat import config
from cloudchat.extensions import db, now
from cloudchat.jobs import notifications as jobs
from cloudchat.jobs import sweeps
from cloudchat.models import InstallationSecret, Notification, PushSubscription
from cloudchat.services import accounts, conversations, notification_settings, push, push_browsers, push_keys
from cloudchat.tenancy import acting_as, all_organizations
from tests import factories
from tests.factories import identity


def words(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Browser:
    """A browser that is subscribed: it alone can read what is pushed to it."""

    def __init__(self, simulator, app, person):
        self.name = f"box{factories.number()}"
        self.url = f"{simulator.url}/push/send/{self.name}"
        self.box = simulator.providers["push"].state.box(self.name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"sixteen bytes ok"
        self.person = person
        self.token, who = accounts.start_session(person.organization_id, person.id, None, "Chrome/140 Linux")
        with acting_as(person.organization_id):
            self.id = push_browsers.subscribe(
                who, self.url, words(self.public), words(self.auth), "Chrome/140 Linux"
            )
        self.session_id = who.session_id

    @property
    def public(self) -> bytes:
        form = serialization.PublicFormat.UncompressedPoint
        return self.key.public_key().public_bytes(serialization.Encoding.X962, form)

    def received(self) -> list[dict]:
        return [
            json.loads(
                http_ece.decrypt(
                    bytes.fromhex(push["body"]),
                    private_key=self.key,
                    auth_secret=self.auth,
                    version="aes128gcm",
                )
            )
            for push in self.box.pushes
        ]

    def is_known(self) -> bool:
        with acting_as(self.person.organization_id):
            return db.session.get(PushSubscription, self.id, populate_existing=True) is not None


@pytest.fixture
def browser(cast, simulator_process, app):
    return Browser(simulator_process, app, cast.agent)


@pytest.fixture
def talk(cast, make):
    return make.conversation(cast.organization_id, assignee_id=cast.agent.id, name="Siti Aminah")


def deliver(cast) -> None:
    """What the scheduler starts a few seconds later."""
    with acting_as(cast.organization_id):
        db.session.execute(
            update(Notification).values(happened_at=Notification.happened_at - timedelta(seconds=5))
        )
        db.session.commit()
    with all_organizations("tests"):
        due = cast.organization_id in push.organizations_due()
    if due:
        jobs.deliver(cast.organization_id)


def test_a_push_says_who_writes_and_only_the_browser_can_read_it(cast, browser, talk, writes):
    writes(talk, "PIN saya 4711")
    deliver(cast)
    [told] = browser.received()
    assert told["title"] == "Siti Aminah menulis" and told["body"] == ""
    assert told["url"] == f"/app/inbox/{talk.id}" and told["tag"] == f"message:{talk.id}"
    [raw] = browser.box.pushes
    assert len(raw["body"]) // 2 < 600
    assert raw["headers"]["content-encoding"] == "aes128gcm" and raw["headers"]["ttl"] == "3600"
    # Signed for this push service, with the key that browsers subscribe to
    assert Vapid02.verify(raw["headers"]["authorization"])
    assert f"k={push_keys.public_key()}" in raw["headers"]["authorization"]
    deliver(cast)
    assert len(browser.box.pushes) == 1, "once"


def test_words_of_the_message_only_where_the_user_said_so(cast, browser, talk, writes):
    with acting_as(cast.organization_id):
        notification_settings.change(cast.agent.id, {"push": {"show_text": True}})
    writes(talk, "Halo, masih buka?")
    deliver(cast)
    assert browser.received()[0]["body"] == "Halo, masih buka?"


def test_what_was_read_is_not_pushed(cast, browser, talk, writes, as_person):
    writes(talk, "satu")
    with acting_as(cast.organization_id):
        conversations.mark_read(identity(cast.agent), talk.id)
    deliver(cast)
    writes(talk, "dua")
    as_person(cast.agent).post("/api/app/notifications/read", json={"all": True})
    deliver(cast)
    assert browser.box.pushes == []


@pytest.mark.parametrize("ends", ["log out", "deactivate", "switch off", "quiet"])
def test_who_is_out_or_wants_quiet_gets_no_push(cast, browser, talk, writes, ends):
    with acting_as(cast.organization_id):
        if ends == "log out":
            accounts.end_session(browser.session_id)
        elif ends == "deactivate":
            accounts.deactivate(cast.agent.id)
        elif ends == "switch off":
            notification_settings.change(cast.agent.id, {"events": {"message": {"push": False}}})
        else:
            notification_settings.snooze(cast.agent.id, "tomorrow", "Asia/Jakarta")
    writes(talk, "Halo")
    deliver(cast)
    assert browser.box.pushes == []
    with acting_as(cast.organization_id):
        push_browsers.forget_dead()
    assert browser.is_known() == (ends not in ("log out", "deactivate"))


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(cast, browser, talk, writes, status):
    browser.box.status = status
    writes(talk, "Halo")
    deliver(cast)
    assert not browser.is_known()


def test_a_push_service_in_trouble_is_tried_again_and_a_refusing_one_given_up(cast, browser, talk, writes):
    browser.box.status = 503
    writes(talk, "Halo")
    deliver(cast)
    browser.box.status = 201
    deliver(cast)
    assert len(browser.box.pushes) == 1
    browser.box.status, browser.box.location = 302, "http://169.254.169.254/latest/meta-data/"
    for _ in range(push.MOST_FAILURES):
        assert browser.is_known()
        writes(talk, "lagi")
        deliver(cast)
    assert not browser.is_known(), "a redirect is not followed, and counts as a refusal"


def test_the_test_push_reaches_ones_own_browsers(cast, browser, as_person, simulator_process, app):
    other = Browser(simulator_process, app, cast.colleague)
    jobs.send_test(cast.organization_id, cast.agent.id)
    assert browser.received()[0]["always"] is True and other.box.pushes == []
    assert as_person(cast.manager).post("/api/app/notifications/push/test").json == {"browsers": 0}


REFUSED = [
    "http://93.184.216.34/x",
    "https://localhost/x",
    "https://10.1.2.3:8443/x",
    "https://169.254.169.254/latest",
    "https://[::ffff:10.0.0.1]/x",
    "https://user:pass@93.184.216.34/x",
    "https://93.184.216.34:6379/x",
    "file:///etc/passwd",
    "",
]


def test_subscribing_is_checked(cast, as_person, browser, client):
    good = {"endpoint": browser.url, "keys": {"p256dh": words(browser.public), "auth": words(browser.auth)}}
    answer = as_person(cast.agent).post("/api/app/notifications/push", json=good)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "session_needed")
    who = identity(cast.agent)
    with acting_as(cast.organization_id):
        from dataclasses import replace

        from cloudchat.errors import AppError

        who = replace(who, session_id=browser.session_id)
        for endpoint, p256dh, auth in (
            *((url, good["keys"]["p256dh"], good["keys"]["auth"]) for url in REFUSED),
            (browser.url, words(b"\x04" + b"x" * 64), good["keys"]["auth"]),
            (browser.url, "äöü", good["keys"]["auth"]),
            (browser.url, good["keys"]["p256dh"], "short"),
        ):
            with pytest.raises(AppError) as refused:
                push_browsers.subscribe(who, endpoint, p256dh, auth, "")
            assert refused.value.status == 422
        again = push_browsers.subscribe(who, browser.url, good["keys"]["p256dh"], good["keys"]["auth"], "")
        assert again == browser.id, "the same browser is kept once"
    assert as_person(cast.colleague).delete(f"/api/app/notifications/push/{browser.id}").status_code == 404
    assert as_person(cast.agent).delete(f"/api/app/notifications/push/{browser.id}").status_code == 204


def test_the_key_is_made_once_and_kept_sealed(context):
    before = push_keys.public_key()
    push_keys._vapid.cache_clear()
    assert push_keys.public_key() == before
    row = db.session.scalar(select(InstallationSecret))
    assert "key" not in row.sealed and config.active().vapid_private_key == ""


def test_the_sweep_finds_organizations_with_something_due(cast, browser, talk, writes, monkeypatch):
    queued = []
    monkeypatch.setattr(sweeps, "enqueue_once", lambda job, *args: queued.append(args))
    writes(talk, "Halo")
    sweeps.due_pushes()
    assert (cast.organization_id,) not in queued, "not before somebody could have read it"
    with acting_as(cast.organization_id):
        db.session.execute(update(Notification).values(happened_at=now() - timedelta(seconds=5)))
        db.session.commit()
    sweeps.due_pushes()
    assert (cast.organization_id,) in queued
