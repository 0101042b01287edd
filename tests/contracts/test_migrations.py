"""Migrations run both ways, and say what the models say."""

from dataclasses import replace

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from cloudchat import config as configuration
from cloudchat.app import create_app
from cloudchat.extensions import db
from tests.conftest import ROOT

DIRECTORY = str(ROOT / "migrations")


@pytest.fixture
def scratch(services, settings, app):
    """An app on an empty database; the configuration of the process is put back afterwards."""
    config = replace(settings[0], database_url=services.create_database("cloudchat_scratch"))
    try:
        made = create_app(config)
        with made.app_context():
            yield made
            db.session.remove()
            db.engine.dispose()
    finally:
        create_app(settings[0])
        assert configuration.active() == settings[0]


def tables() -> set[str]:
    with db.engine.connect() as connection:
        found = connection.execute(
            text("select table_name from information_schema.tables where table_schema = 'public'")
        )
        return {name for (name,) in found} - {"alembic_version"}


def test_up_down_and_up_again(scratch):
    upgrade(DIRECTORY)
    first = tables()
    assert "messages" in first
    downgrade(DIRECTORY, revision="base")
    assert tables() == set()
    upgrade(DIRECTORY)
    assert tables() == first
    check = scratch.test_cli_runner().invoke(args=["db", "check", "--directory", DIRECTORY])
    assert check.exit_code == 0, f"the models and the migrations differ: {check.output}"


def test_each_step_goes_back(scratch):
    """From every revision down one and up again, which an installation may have to do."""
    upgrade(DIRECTORY)
    steps = len(list(ScriptDirectory(DIRECTORY).walk_revisions()))
    for _ in range(steps - 1):
        downgrade(DIRECTORY, revision="-1")
        upgrade(DIRECTORY, revision="+1")
        downgrade(DIRECTORY, revision="-1")
    upgrade(DIRECTORY)


def test_the_plans_defaults_stand_in_the_database_as_in_the_models(context):
    """A row written with SQL looks like one that the product made."""
    kept_by = text(
        "select column_name, column_default from information_schema.columns"
        " where table_name = :name and column_default is not null"
    )
    for name, columns in ScriptDirectory(DIRECTORY).get_revision("0027").module.DEFAULTS.items():
        kept = dict(db.session.execute(kept_by, {"name": name}).all())
        shown = ", ".join(f"({kept[column]}) as {column}" for column in columns)
        row = db.session.execute(text(f"select {shown}")).one()._mapping
        for column in columns:
            default = db.metadata.tables[name].c[column].default.arg
            if callable(default):  # `now` and `list`, which SQLAlchemy calls with its context
                default = {"now": row["created_at"], "list": []}[default.__name__]
            assert row[column] == default, (name, column)
