"""When access ends, it ends at once: sessions, tokens and open sockets (H43)."""

import pytest

from cloudchat.errors import Conflict
from cloudchat.extensions import db
from cloudchat.models import ApiToken, DivisionAgent
from cloudchat.services import accounts, organizations
from cloudchat.tenancy import acting_as
from tests.contracts.conftest import open_socket, socket_of  # noqa: F401
from tests.factories import PASSWORD

CUT_WITHIN = 5.0  # seconds
NEW = "sangat-rahasia-2"


def change_password(there, old: str = PASSWORD, new: str = NEW):
    sent = {"old_password": old, "new_password": new}
    return there.post("/api/app/me/password", json=sent)


def test_a_new_password_ends_all_other_sessions(browser, person):
    someone = person()
    here, elsewhere = browser(), browser()
    here.log_in(someone.email)
    elsewhere.log_in(someone.email)

    assert change_password(here).status_code == 204

    assert here.is_in() and not elsewhere.is_in()
    assert browser().log_in(someone.email, PASSWORD).status_code == 401
    assert browser().log_in(someone.email, NEW).status_code == 200


@pytest.mark.parametrize("old, new", [("salah", NEW), (PASSWORD, "pendek"), (PASSWORD, "x" * 201)])
def test_a_refused_password_changes_nothing(browser, person, old, new):
    someone = person()
    here, elsewhere = browser(), browser()
    here.log_in(someone.email)
    elsewhere.log_in(someone.email)
    answer = change_password(here, old, new)
    assert answer.status_code == 422 and answer.json["error"]["fields"]
    assert here.is_in() and elsewhere.is_in()


def test_a_deactivated_user_is_out(browser, person, make):
    someone = person()
    make.person(someone.organization_id, "admin")  # the organization keeps an admin
    there = browser()
    there.log_in(someone.email)
    with acting_as(someone.organization_id):
        accounts.deactivate(someone.id)
    assert not there.is_in()
    assert browser().get("/api/app/me", headers=someone.headers).status_code == 401
    assert browser().log_in(someone.email).status_code == 401


def test_a_lowered_role_holds_at_once(browser, person, make):
    someone = person("admin")
    make.person(someone.organization_id, "admin")
    with acting_as(someone.organization_id):
        accounts.set_role(someone.id, "agent")
    answer = browser().post("/api/app/labels", json={"name": "A"}, headers=someone.headers)
    assert answer.status_code == 403


def test_the_last_admin_stays(person, context):
    someone = person("admin")
    with acting_as(someone.organization_id):
        for change in (
            lambda: accounts.deactivate(someone.id),
            lambda: accounts.set_role(someone.id, "agent"),
        ):
            with pytest.raises(Conflict):
                change()
            db.session.rollback()


def test_a_closed_organization_lets_nobody_in(browser, person):
    someone = person()
    there = browser()
    there.log_in(someone.email)
    with acting_as(someone.organization_id):
        organizations.set_active(someone.organization_id, False)
    assert not there.is_in()
    told = browser().get("/api/app/me", headers=someone.headers)
    assert (told.status_code, told.json["error"]["code"]) == (403, "organization_inactive")
    assert browser().log_in(someone.email).status_code == 403


# --- open sockets ------------------------------------------------------------------------------


def token_id(someone) -> int:
    with acting_as(someone.organization_id):
        return db.session.query(ApiToken.id).filter_by(user_id=someone.id).scalar()


ENDS = {
    "role": lambda someone: accounts.set_role(someone.id, "agent"),
    "deactivated": lambda someone: accounts.deactivate(someone.id),
    "token revoked": lambda someone: accounts.revoke_api_token(token_id(someone)),
    "organization closed": lambda someone: organizations.set_active(someone.organization_id, False),
}


def test_sockets_are_cut_when_access_ends(desk, person, make, socket_of, eventually):  # noqa: F811
    """All at once, each within five seconds; a colleague's socket stays."""
    sockets = {}
    for kind, end in ENDS.items():
        someone = person("manager" if kind == "role" else "admin")
        make.person(someone.organization_id, "admin")
        sockets[kind] = socket_of(someone)
        with acting_as(someone.organization_id):
            end(someone)
    stays = socket_of(person())
    eventually(
        lambda: all(socket.ended for socket in sockets.values()),
        CUT_WITHIN,
        f"still open: {[kind for kind, socket in sockets.items() if not socket.ended]}",
    )
    assert not stays.ended


def test_a_new_password_cuts_the_sockets_of_other_sessions(
    desk,
    browser,
    person,
    open_socket,  # noqa: F811
    eventually,
):
    someone = person()
    here, elsewhere = browser(), browser()
    sockets = []
    for there in (here, elsewhere):
        there.log_in(someone.email)
        sockets.append(open_socket(headers={"Cookie": f"cloudchat={there.cookie()}"}))
    change_password(here)
    eventually(lambda: sockets[1].ended, CUT_WITHIN)
    assert not sockets[0].ended


def test_an_agent_hears_no_more_of_a_division_that_was_left(
    desk,
    make,
    as_person,
    socket_of,  # noqa: F811
    eventually,
):
    home = make.organization()
    agent, admin = make.person(home), make.person(home, "admin")
    team = make.division(home, agents=(agent,))
    talk = make.conversation(home, division_id=team.id)
    socket = socket_of(agent)
    url = f"/api/app/inbox/conversations/{talk.id}"

    def note(text: str):
        as_person(admin).post(url + "/notes", json={"text": text})

    def heard() -> list[str]:
        return [p["entry"]["text"] for name, p in socket.heard if name == "timeline:new"]

    note("pertama")
    eventually(lambda: heard() == ["pertama"])
    with acting_as(home):
        db.session.query(DivisionAgent).filter_by(user_id=agent.id).delete()
        db.session.commit()

    def silent() -> bool:
        before = len(heard())
        note("lagi")
        return not _changes(lambda: len(heard()) > before)

    eventually(silent, CUT_WITHIN)
    assert not socket.ended
    with acting_as(home):
        db.session.add(DivisionAgent(division_id=team.id, user_id=agent.id))
        db.session.commit()
    eventually(lambda: note("kembali") or _changes(lambda: "kembali" in heard()), CUT_WITHIN)


def _changes(check, seconds: float = 0.4) -> bool:
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.05)
    return False
