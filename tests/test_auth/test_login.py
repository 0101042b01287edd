"""Logging in and out, as browsers and programs do it, and as guessers try to (H46-H53)."""

import statistics
import time

import pytest

from cloudchat.errors import Unauthorized
from cloudchat.extensions import db
from cloudchat.models import User
from cloudchat.services import accounts
from cloudchat.tenancy import acting_as
from tests.factories import PASSWORD


def test_a_program_logs_in_and_sees_itself(browser, make):
    person = make.person(make.organization("Toko Melati"), "admin", password=PASSWORD)
    program = browser()

    answer = program.log_in(person.email)

    assert answer.status_code == 200
    assert answer.json["csrf_token"]
    me = program.get("/api/app/me").json
    assert (me["email"], me["organization"]["name"]) == (person.email, "Toko Melati")


def test_a_person_logs_in_by_the_form(browser, person):
    there = browser()
    page = there.get("/login?next=/app/settings")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": person().email, "password": PASSWORD, "csrf_token": token}
    answer = there.post("/login?next=/app/settings", data=form, headers={"X-CSRF-Token": ""})
    assert (answer.status_code, answer.location) == (302, "/app/settings")
    assert there.is_in()


def test_passwords_are_kept_as_argon2(person):
    someone = person()
    with acting_as(someone.organization_id):
        kept = db.session.get(User, someone.id).password_hash
    assert kept.startswith("$argon2id$") and PASSWORD not in kept


@pytest.mark.parametrize(
    "email, password",
    [("", ""), ("x" * 300, "x"), ("a@b.test", "x" * 501), ("a\0@b.test", "x"), ("'; drop--", "x")],
)
def test_nonsense_is_refused_calmly(browser, email, password):
    assert browser().log_in(email, password).status_code in (400, 401, 422)


# --- what a guesser learns (H48) ---------------------------------------------------------------


@pytest.fixture
def refused(person, make):
    """Ways to be refused that must look alike: address of each, none with the right password."""
    organization_id = make.organization()
    away = make.person(organization_id, password=PASSWORD, is_active=False)
    return {
        "wrong password": (person().email, "salah-benar"),
        "unknown address": ("tidak-ada@contoh.test", "salah-benar"),
        "deactivated, right password": (away.email, PASSWORD),
        "no password yet": (make.person(organization_id).email, "salah-benar"),
    }


def test_all_refusals_look_alike(browser, refused):
    answers = [browser().log_in(*tried) for tried in refused.values()]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json["error"]["code"] == "wrong_credentials"
    assert all("Set-Cookie" not in answer.headers for answer in answers)


def test_all_refusals_take_as_long(context, refused):
    """The same work is done for an address that nobody has: medians within a third of each other.

    Work, not time on the wall, so that a busy machine does not make a difference of its own.
    """

    def seconds(email, password):
        begun = time.thread_time()
        with pytest.raises(Unauthorized):
            accounts.verify_login(email, password)
        return time.thread_time() - begun

    for tried in refused.values():
        seconds(*tried)
    rounds = [{name: seconds(*tried) for name, tried in refused.items()} for _ in range(9)]
    medians = [statistics.median(one[name] for one in rounds) for name in refused]
    assert max(medians) < 1.34 * min(medians) + 0.005, medians


# --- how often one may try (H47) ---------------------------------------------------------------


def test_one_address_is_tried_ten_times_a_minute_from_wherever(browser, person):
    victim = person()
    at_work = browser()
    assert at_work.log_in(victim.email).status_code == 200
    answers = [browser().log_in(victim.email, "salah-benar") for _ in range(12)]
    assert [answer.status_code for answer in answers[:9]] == [401] * 9
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json["error"]["code"] == "too_many_requests"
    assert at_work.is_in(), "the victim's own session goes on"


def test_one_machine_tries_thirty_times_a_minute_whomever(browser):
    machine = browser()
    answers = [machine.log_in(f"orang{n}@contoh.test", "salah-benar") for n in range(31)]
    assert answers[29].status_code == 401
    assert answers[30].status_code == 429


def test_a_made_up_address_of_origin_changes_nothing(browser):
    """Without TRUSTED_PROXIES nobody's word is taken for where a call came from."""
    machine = browser()
    names = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "Forwarded")
    for n in range(31):
        headers = {name: f"1.2.3.{n}" for name in names}
        last = machine.log_in(f"a{n}@contoh.test", "x", headers=headers)
    assert last.status_code == 429


def test_spelling_the_address_otherwise_does_not_help(browser, person):
    victim = person()
    spellings = [victim.email, victim.email.upper(), f" {victim.email} ", victim.email.title()]
    codes = [browser().log_in(spellings[n % 4], "salah").status_code for n in range(11)]
    assert codes[-1] == 429


def test_the_form_and_the_api_count_together(browser, person):
    victim = person()
    for _ in range(10):
        browser().log_in(victim.email, "salah-benar")
    there = browser()
    page = there.get("/login")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": victim.email, "password": PASSWORD, "csrf_token": token}
    answer = there.post("/login", data=form)
    assert answer.status_code == 429 and "<html" in answer.text


# --- sessions (H46) ----------------------------------------------------------------------------


def test_a_session_of_before_the_login_is_not_continued(browser, person):
    there = browser()
    there.get("/login")
    before = there.cookie()
    there.log_in(person().email)
    first = there.cookie()
    there.log_in(person().email)
    assert before is not None and len({before, first, there.cookie()}) == 3
    planted = browser()
    planted.client.set_cookie("cloudchat", before)
    assert not planted.is_in()


def test_logging_out_ends_the_session_and_not_just_the_cookie(browser, person):
    there = browser()
    there.log_in(person().email)
    kept = there.cookie()
    assert there.post("/api/auth/logout").status_code == 204
    assert not there.is_in()
    thief = browser()
    thief.client.set_cookie("cloudchat", kept)
    assert not thief.is_in()


def test_the_logout_button_leads_to_the_login(browser, person):
    there = browser()
    there.log_in(person().email)
    answer = there.post("/logout")
    assert (answer.status_code, answer.location) == (302, "/login")
    assert not there.is_in()


def test_a_forged_cookie_is_nobody(browser, app):
    """H52: signed with another key, or claiming what the database does not know."""
    from flask.sessions import SecureCookieSessionInterface
    from itsdangerous import URLSafeTimedSerializer

    claims = {"organization": 1, "token": "x" * 43}
    right = SecureCookieSessionInterface().get_signing_serializer(app)
    for serializer in (URLSafeTimedSerializer("secret", salt="cookie-session"), right):
        there = browser()
        there.client.set_cookie("cloudchat", serializer.dumps(claims))
        assert not there.is_in()


# --- where a login leads (H51) -----------------------------------------------------------------

ELSEWHERE = [
    "//evil.test",
    "///evil.test",
    "\\\\evil.test",
    "/\\evil.test",
    "https:evil.test",
    "https://evil.test/",
    "HTTPS://evil.test",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.test",
    "/%09/evil.test\n",
    "\x00//evil.test",
    "evil.test",
    "@evil.test",
    "/\r\nSet-Cookie: a=b",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_login_leads_to_own_pages_only(browser, person, target):
    there = browser()
    there.log_in(person().email)
    answer = there.get("/login", query_string={"next": target})
    assert answer.status_code == 302
    assert answer.location.startswith("/") and not answer.location.startswith(("//", "/\\"))
    assert "evil" not in answer.location.split("?")[0] or answer.location.startswith("/%09/evil")
    language = there.post("/app/language", data={"language": "en", "next": target})
    assert "Set-Cookie: a" not in str(language.headers)
    assert language.location.startswith("/") and not language.location.startswith(("//", "/\\"))


def test_a_stranger_comes_back_to_the_page_that_was_asked_for(browser):
    answer = browser().get("/app/settings/security?tab=1")
    assert answer.location == "/login?next=/app/settings/security?tab%3D1"


def test_the_host_header_is_not_believed(browser):
    """H49: no answer carries an address that the caller made up."""
    there = browser()
    for url in ("/", "/login", "/app/inbox"):
        answer = there.get(url, headers={"Host": "evil.test", "X-Forwarded-Host": "evil.test"})
        assert "evil.test" not in answer.text + str(answer.headers)


def test_a_stranger_chooses_the_language_of_the_login_page(client):
    page = client.get("/login").text
    token = page.split('name="csrf-token" content="')[1].split('"')[0]

    answer = client.post("/app/language", data={"language": "en", "next": "/login", "csrf_token": token})

    assert answer.location == "/login"
    assert '<html lang="en"' in client.get("/login").text


def test_an_answer_in_the_background_leaves_the_cookie_alone(person, browser):
    """A late one would put back the session as it was before a form said that it is saved."""
    there = browser()
    there.log_in(person().email, PASSWORD)
    page, behind = (
        there.get("/api/app/me", headers={"Sec-Fetch-Mode": mode}) for mode in ("navigate", "cors")
    )
    assert "Set-Cookie" in page.headers and "Set-Cookie" not in behind.headers
