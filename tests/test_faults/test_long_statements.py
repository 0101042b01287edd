"""F7: a statement that takes too long is cut off by PostgreSQL, and whoever asked is told so in words."""

import os
import subprocess
import sys

import pytest
from sqlalchemy import create_engine, text

from cloudchat import patience
from cloudchat.extensions import db
from cloudchat.jobs import tenant_job
from cloudchat.tenancy import APP_ROLE, acting_as
from tests.conftest import ROOT
from tests.test_hostile.conftest import app_with  # noqa: F401

ASK = "show statement_timeout"
WEB_PROCESS = f"""
from cloudchat.app import create_app
from cloudchat.extensions import db
with create_app(web_process=True).app_context():
    print(db.session.execute(db.text("{ASK}")).scalar_one())
"""


@pytest.fixture
def impatient(app):
    """This process is as a web process that gives a statement one second."""
    patience.configure(1)
    yield
    patience.configure(0)


@pytest.fixture
def held(cast, settings, make):
    """A conversation whose row somebody else holds."""
    talk = make.conversation(cast.organization_id)
    engine = create_engine(settings[0].database_url)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {APP_ROLE}"))
        connection.execute(text(f"select set_config('app.tenant_id', '{cast.organization_id}', true)"))
        row = text(f"select id from conversations where id = {talk.id} for update")
        assert connection.execute(row).scalar_one() == talk.id
        yield talk
        connection.rollback()
    engine.dispose()


def test_who_asks_for_too_much_is_told_so(impatient, held, as_person, cast):
    agent = as_person(cast.manager)
    url = f"/api/app/inbox/conversations/{held.id}/status"
    refused = agent.post(url, json={"status": "pending"})
    assert (refused.status_code, refused.json["error"]["code"]) == (503, "took_too_long")
    assert "dihentikan" in refused.json["error"]["message"]
    assert agent.get("/api/app/inbox/conversations").status_code == 200


def test_each_kind_of_process_has_its_own_patience(app_with, cast, settings):  # noqa: F811
    @tenant_job
    def job(_organization_id):
        return db.session.execute(text(ASK)).scalar_one()

    app_with(job_statement_seconds=7)
    assert job(cast.organization_id) == "7s"
    with acting_as(cast.organization_id):  # a command
        assert db.session.execute(text(ASK)).scalar_one() == "0"
    env = {**os.environ, **settings[1], "DATABASE_STATEMENT_SECONDS": "9"}
    done = subprocess.run(
        [sys.executable, "-c", WEB_PROCESS], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "9s"
