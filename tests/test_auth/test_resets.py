"""A forgotten password: a link by mail or from an admin; and the mails' own way out (H48, H49)."""

import time
from datetime import timedelta

import pytest

from cloudchat.config import active
from cloudchat.extensions import db, now
from cloudchat.models import AuditEntry, Mail, PasswordReset
from cloudchat.services import accounts, login_rules, mailing
from cloudchat.services.accounts import resets
from cloudchat.tenancy import acting_as
from tests.factories import PASSWORD

NEW = "payung biru di hujan"
EVIL = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}


def send(there, url: str, headers: dict | None = None, **form):
    page = there.get(url, headers=headers)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    headers = {"X-CSRF-Token": "", **(headers or {})}
    return there.post(url, data={**form, "csrf_token": token}, headers=headers)


@pytest.fixture
def ask(browser):
    return lambda email, **headers: send(browser(), "/password/forgot", headers, email=email)


@pytest.fixture
def link_of(mail_server):
    """The path of the link in the newest mail to somebody, whose mails are sent first."""

    def path(someone) -> str:
        with acting_as(someone.organization_id):
            mailing.deliver()
        return mail_server.link_to(someone.email).removeprefix(active().public_url)

    return path


def test_a_link_by_mail_sets_a_new_password_once(browser, person, ask, link_of, mail_server):
    someone, logged_in = person("agent"), browser()
    logged_in.log_in(someone.email)
    ask(f" {someone.email.upper()} ", **EVIL)
    first = link_of(someone)
    ask(someone.email)
    path = link_of(someone)
    assert path.startswith("/password/reset/") and "evil" not in "".join(mail_server.mails)

    there = browser()
    assert someone.email in there.get(path).text
    assert send(there, path, password=NEW).location == "/login"
    assert not logged_in.is_in() and not there.is_in()
    assert browser().log_in(someone.email).status_code == 401
    assert browser().log_in(someone.email, NEW).status_code == 200
    for used in (path, first):
        assert browser().get(used).status_code == 404
    with acting_as(someone.organization_id):
        mailing.deliver()
        said = {row.action: row.actor_id for row in db.session.query(AuditEntry)}
        kept = [row.token_hash for row in db.session.query(PasswordReset)]
    assert said["user.password_reset"] == someone.id and "password.reset_asked" in said
    assert not any(path.endswith(one) for one in kept)
    assert len(mail_server.to(someone.email)) == 3
    assert browser().get("/api/app/me", headers=someone.headers).status_code == 200, "tokens go on"


def test_a_stranger_learns_nothing_by_asking(person, ask, mail_server):
    someone = person()
    answers, seconds = [], []
    for email in (someone.email, "tidak-ada@contoh.test", "x\0'; drop--", ""):
        begun = time.monotonic()
        answers.append(ask(email))
        seconds.append(time.monotonic() - begun)
    assert {answer.status_code for answer in answers} == {200}
    shown = {answer.text.split('class="plain-card"')[1].split("</main>")[0] for answer in answers}
    assert len(shown) == 1 and someone.email not in shown.pop()
    assert min(seconds) >= 0.3


def test_a_mailbox_is_not_filled(person, ask, mail_server):
    someone = person()
    for _ in range(5):
        resets.ask(someone.email, None)
    with acting_as(someone.organization_id):
        assert mailing.deliver() == resets.MAILS_AN_HOUR
    assert len(mail_server.to(someone.email)) == 3


@pytest.fixture
def link(person, make):
    """`(person, path)` of a link that an admin made."""
    someone = person("agent")
    with acting_as(someone.organization_id):
        url = resets.make_link(someone.id, None)
    return someone, url.removeprefix(active().public_url)


def test_a_link_is_gone_after_an_hour_and_with_the_account(browser, link, make):
    someone, path = link
    assert browser().get(path).status_code == 200
    with acting_as(someone.organization_id):
        row = db.session.query(PasswordReset).one()
        row.expires_at = now() - timedelta(seconds=1)
        db.session.commit()
        other = resets.make_link(someone.id, None).removeprefix(active().public_url)
        make.person(someone.organization_id, "admin")
        accounts.deactivate(someone.id)
    for gone in (path, other, "/password/reset/1.x", "/password/reset/x", "/password/reset/1." + "a" * 200):
        answer = browser().get(gone)
        assert answer.status_code == 404 and "/password/forgot" in answer.text


def test_a_poor_password_is_refused_and_the_link_stays(browser, link):
    someone, path = link
    name = someone.email.partition("@")[0]
    with acting_as(someone.organization_id):
        login_rules.change({"password_minimum": 14}, None)
    there = browser()
    poor = ("pendek", "tiga belas tn", "aaaaaaaaaaaaaaaa", f"{name}{name}{name}", "x" * 201)
    for password in poor:
        assert send(there, path, password=password).status_code == 422, password
    assert there.post(path, data={"password": NEW}, headers={"X-CSRF-Token": ""}).status_code == 403
    assert send(there, path, password=NEW).status_code == 302


def test_without_a_mail_server_an_admin_helps(browser, person, make, ask):
    someone = person("agent")
    assert "admin" in ask_page(browser()).text
    admin = make.person(someone.organization_id, "admin", password=PASSWORD)
    office = browser()
    office.log_in(admin.email)
    assert office.post("/admin/users/password/", data={"id": person().id}).status_code == 404
    made = office.post("/admin/users/password/", data={"id": someone.id})
    path = made.text.split(active().public_url)[1].split('"')[0]
    assert made.status_code == 201 and send(browser(), path, password=NEW).status_code == 302
    assert browser().log_in(someone.email, NEW).status_code == 200


def ask_page(there):
    return there.get("/password/forgot")


def test_a_process_without_a_mail_server_sends_nothing_and_says_so(person, context):
    someone = person()
    with acting_as(someone.organization_id):
        resets.ask(someone.email, None)
        db.session.add(Mail(kind="x", recipient=someone.email, subject="x", text="x"))
        db.session.commit()
        assert mailing.deliver() == 0
        assert [(row.kind, row.status) for row in db.session.query(Mail)] == [("x", "queued")]


def test_mails_are_tried_again_and_keep_no_secret(person, mail_server):
    someone = person()
    with acting_as(someone.organization_id):
        mail_server.refuses = "later"
        resets.ask(someone.email, None)
        assert mailing.deliver() == 0
        row = db.session.query(Mail).one()
        assert (row.status, row.tries) == ("queued", 1) and "/password/" not in row.text
        assert row.due_at > now() and someone.organization_id not in mailing.organizations_due()
        row.due_at = now()
        db.session.commit()
        assert mailing.organizations_due() == [someone.organization_id]
        mail_server.refuses = ""
        assert mailing.deliver() == 1 and mailing.deliver() == 0
        db.session.refresh(row)
        assert (row.status, row.text) == ("sent", None)
        mail_server.refuses = "for good"
        resets.ask(someone.email, None)
        mailing.deliver()
        assert [one.status for one in db.session.query(Mail).order_by(Mail.id)] == ["sent", "failed"]
