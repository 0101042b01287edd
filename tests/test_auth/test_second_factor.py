"""Two-factor login: set up, used, used up, lost, taken away."""

import json
import threading
import time

import pyotp
import pytest
import time_machine

from cloudchat.errors import TooMany, Unauthorized
from cloudchat.extensions import db
from cloudchat.models import AuditEntry, Mail, RecoveryCode, SecondFactor
from cloudchat.services import login_rules, mailing
from cloudchat.services.accounts import second_factor
from cloudchat.tenancy import acting_as
from tests.contracts.conftest import open_socket  # noqa: F401
from tests.factories import PASSWORD

API = "/api/app/me/two-factor"
BEGAN = 1_800_000_000  # a moment at the start of a half minute


@pytest.fixture
def clock():
    """A clock that stands; `clock.shift(30)` goes to the next half minute."""
    with time_machine.travel(BEGAN, tick=False) as travel:
        yield travel


def code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)


def set_up(there) -> tuple[str, list[str]]:
    """Switch it on in a logged-in browser; answers the secret and the recovery codes."""
    secret = there.post(API).json["secret"]
    answer = there.post(API + "/confirm", json={"otp": code(secret)})
    assert answer.status_code == 200, answer.text
    return secret, answer.json["recovery_codes"]


@pytest.fixture
def protected(browser, person, clock):
    """Somebody with a second factor: (person, browser, secret, recovery codes)."""
    someone, there = person("agent"), browser()
    there.log_in(someone.email)
    secret, codes = set_up(there)
    clock.shift(30)
    return someone, there, secret, codes


def log_in(there, someone, otp: str | None = None):
    sent = {"email": someone.email, "password": PASSWORD, "otp": otp}
    answer = there.post("/api/auth/login", json=sent)
    there.csrf_token = answer.json.get("csrf_token", "")
    return answer


def code_of(answer) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def actions(someone) -> list[str]:
    with acting_as(someone.organization_id):
        return [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]


def test_it_counts_once_a_code_has_confirmed_it(browser, person, clock):
    someone, there = person("agent"), browser()
    there.log_in(someone.email)
    secret = there.post(API).json["secret"]
    assert there.get(API).json == {"enabled": False, "recovery_codes_left": 0}
    assert log_in(browser(), someone).status_code == 200
    wrong = there.post(API + "/confirm", json={"otp": code(secret, 5)})
    assert wrong.status_code == 422 and wrong.json["error"]["fields"]["otp"]
    codes = there.post(API + "/confirm", json={"otp": code(secret)}).json["recovery_codes"]
    assert len(set(codes)) == 10
    assert there.get(API).json == {"enabled": True, "recovery_codes_left": 10}
    assert code_of(there.post(API)) == (409, "second_factor_on")
    assert "second_factor.enabled" in actions(someone)


def test_the_login_asks_for_a_code_and_takes_each_once(browser, protected, clock):
    someone, _there, secret, _codes = protected
    assert code_of(log_in(browser(), someone)) == (401, "otp_required")
    assert code_of(log_in(browser(), someone, "000000")) == (401, "otp_wrong")
    wrong_password = {"email": someone.email, "password": "salah", "otp": code(secret)}
    assert code_of(browser().post("/api/auth/login", json=wrong_password)) == (401, "wrong_credentials")
    there = browser()
    assert log_in(there, someone, code(secret)).status_code == 200 and there.is_in()
    assert code_of(log_in(browser(), someone, code(secret))) == (401, "otp_wrong")
    assert code_of(log_in(browser(), someone, code(secret, -1))) == (401, "otp_wrong")


def test_a_clock_may_be_half_a_minute_off(browser, protected, clock):
    someone, _there, secret, _codes = protected
    clock.shift(90)
    for steps, status in ((-2, 401), (2, 401), (-1, 200), (1, 200)):
        assert log_in(browser(), someone, code(secret, steps)).status_code == status, steps


def test_of_two_at_once_with_one_code_one_gets_in(app, browser, protected):
    """The clock stands for both: time_machine's is the process's."""
    someone, _there, secret, _codes = protected
    otp, answers = code(secret), []
    threads = [
        threading.Thread(target=lambda: answers.append(log_in(browser(), someone, otp))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(answer.status_code for answer in answers) == [200, 401]


def test_a_recovery_code_lets_in_once(browser, protected):
    someone, there, _secret, codes = protected
    assert log_in(browser(), someone, codes[0].upper().replace("-", " ")).status_code == 200
    assert code_of(log_in(browser(), someone, codes[0])) == (401, "otp_wrong")
    assert there.get(API).json["recovery_codes_left"] == 9
    assert "second_factor.recovery_code_used" in actions(someone)


def test_new_codes_make_the_old_ones_worthless(browser, protected, clock):
    someone, there, secret, codes = protected
    fresh = there.post(API + "/codes", json={"otp": code(secret)}).json["recovery_codes"]
    assert not set(fresh) & set(codes)
    assert log_in(browser(), someone, codes[1]).status_code == 401
    assert log_in(browser(), someone, fresh[1]).status_code == 200


def test_guessers_are_paused_and_open_sessions_go_on(protected, clock):
    someone, there, secret, _codes = protected
    with acting_as(someone.organization_id):
        for _ in range(second_factor.TRIES):
            with pytest.raises(Unauthorized):
                second_factor.check(someone.id, "123")
        with pytest.raises(TooMany):
            second_factor.check(someone.id, code(secret))
        db.session.rollback()
    assert there.is_in()
    clock.shift(15 * 60 + 1)
    with acting_as(someone.organization_id):
        assert second_factor.check(someone.id, code(secret)) == "app"


def test_nothing_of_it_lies_open(protected):
    someone, there, secret, codes = protected
    with acting_as(someone.organization_id):
        factor = db.session.query(SecondFactor).one()
        hashes = [row.code_hash for row in db.session.query(RecoveryCode)]
        said = json.dumps([[row.action, row.data] for row in db.session.query(AuditEntry)])
    assert secret not in factor.secret and factor.secret.startswith("gAAAA")
    assert len(hashes) == 10 and not set(hashes) & {one.replace("-", "") for one in codes}
    assert secret not in said and not any(one in said for one in codes)
    assert secret not in there.get("/app/account/two-factor").text


def test_switching_off_takes_password_and_code(browser, protected, mail_server):
    someone, there, secret, _codes = protected
    off = API + "/disable"
    assert there.post(off, json={"password": "salah", "otp": code(secret)}).status_code == 422
    assert there.post(off, json={"password": PASSWORD, "otp": "000000"}).status_code == 422
    assert there.post(off, json={"password": PASSWORD, "otp": code(secret)}).status_code == 204
    assert log_in(browser(), someone).status_code == 200
    assert "second_factor.disabled" in actions(someone)
    with acting_as(someone.organization_id):
        mailing.deliver()
        assert db.session.query(Mail).one().kind == "second_factor_off"
    assert len(mail_server.to(someone.email)) == 1


def test_programs_and_operators_have_none(as_person, person):
    answer = as_person(person()).post(API)
    assert code_of(answer) == (422, "session_needed")


# --- by the form -------------------------------------------------------------------------------


def post(there, url: str, page, **form):
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    return there.post(url, data={**form, "csrf_token": token}, headers={"X-CSRF-Token": ""})


def test_the_form_asks_in_two_steps(browser, protected, clock):
    someone, _there, secret, _codes = protected
    there = browser()
    assert there.get("/login/code").location == "/login?next=/"
    sent = {"email": someone.email, "password": PASSWORD, "next": "/app/settings"}
    answer = post(there, "/login", there.get("/login"), **sent)
    assert answer.location == "/login/code?next=/app/settings"
    assert not there.is_in()
    page = there.get(answer.location)
    wrong = post(there, answer.location, page, otp="000000")
    assert wrong.status_code == 401 and not there.is_in()
    right = post(there, answer.location, wrong, otp=code(secret))
    assert right.location == "/app/settings" and there.is_in()


def test_the_step_between_ends_by_itself_and_with_the_password(browser, protected, clock):
    someone, home, _secret, _codes = protected
    late, stale = browser(), browser()
    for there in (late, stale):
        post(there, "/login", there.get("/login"), email=someone.email, password=PASSWORD)
        assert there.get("/login/code").status_code == 200
    changed = {"old_password": PASSWORD, "new_password": "sangat-rahasia-2"}
    assert home.post("/api/app/me/password", json=changed).status_code == 204
    assert stale.get("/login/code").status_code == 302
    clock.shift(301)
    assert late.get("/login/code").status_code == 302


# --- asked for by the organization, taken away by an admin --------------------------------------


def require_of(organization_id: int, *roles: str) -> None:
    with acting_as(organization_id):
        login_rules.change({"second_factor_roles": roles}, None)


def test_where_it_is_required_the_next_login_is_for_setting_it_up(browser, person, clock):
    someone, before = person("agent"), browser()
    before.log_in(someone.email)
    require_of(someone.organization_id, "agent", "admin")
    assert before.get("/api/app/labels").status_code == 200, "who is in stays in"

    there, elsewhere = browser(), browser()
    assert there.log_in(someone.email).json["user"]["second_factor_due"] is True
    elsewhere.log_in(someone.email)
    assert code_of(there.get("/api/app/labels")) == (403, "second_factor_due")
    assert there.get("/app/inbox").location == "/app/account/two-factor"
    assert there.get("/admin/users/").location == "/app/account/two-factor"
    assert there.get("/app/account/two-factor").status_code == 200

    secret, _codes = set_up(there)
    assert there.get("/api/app/labels").status_code == 200
    assert not elsewhere.is_in(), "one that only waited has shown no code"
    clock.shift(30)
    sent = {"password": PASSWORD, "otp": code(secret)}
    assert code_of(there.post(API + "/disable", json=sent)) == (409, "second_factor_needed")


def test_a_login_for_setting_up_hears_nothing(desk, browser, person, open_socket):  # noqa: F811
    from socketio.exceptions import ConnectionError as Refused

    someone, there = person("agent"), browser()
    require_of(someone.organization_id, "agent")
    there.log_in(someone.email)
    with pytest.raises(Refused):
        open_socket(headers={"Cookie": f"cloudchat={there.cookie()}"})


def test_an_admin_resets_it_and_the_person_is_told(browser, protected, make, mail_server):
    someone, there, _secret, _codes = protected
    admin = make.person(someone.organization_id, "admin", password=PASSWORD)
    stranger = make.person(make.organization(), "admin", password=PASSWORD)
    office, elsewhere = browser(), browser()
    office.log_in(admin.email)
    elsewhere.log_in(stranger.email)
    reset = "/admin/users/second-factor/"
    assert elsewhere.post(reset, data={"id": someone.id}).status_code == 404
    assert there.post(reset, data={"id": someone.id}).status_code == 403
    assert office.post(reset, data={"id": admin.id}).status_code == 409
    assert office.post(reset, data={"id": someone.id}).status_code == 302
    assert not there.is_in() and log_in(browser(), someone).status_code == 200
    with acting_as(someone.organization_id):
        mailing.deliver()
        row = db.session.query(AuditEntry).filter_by(action="second_factor.reset").one()
    assert (row.actor_id, row.object_id) == (admin.id, str(someone.id))
    assert "/app/account/two-factor" in mail_server.link_to(someone.email)


def test_the_command_helps_an_only_admin(app, browser, protected):
    someone = protected[0]
    command = ["user", "reset-second-factor", "--org", str(someone.organization_id), "--email"]
    assert app.test_cli_runner().invoke(args=[*command, "lain@contoh.test"]).exit_code == 1
    assert app.test_cli_runner().invoke(args=[*command, someone.email]).exit_code == 0
    assert log_in(browser(), someone).status_code == 200
