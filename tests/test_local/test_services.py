"""PostgreSQL and Redis of a data folder: one owner, no orphan, no broken data."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis
import sqlalchemy as sa

from cloudchat import local
from cloudchat.config import load
from cloudchat.local import folders
from tests.waiting import wait_until

from .conftest import read_until, running_in

STUB = Path(__file__).with_name("stub_start.py")


def query(url: str, statement: str):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return result.scalar() if result.returns_rows else None


def connect_as(uid: int, sockets: Path) -> str:
    """What another system user hears when it tries to log in to the database."""
    code = (
        "import os, sys, psycopg\n"
        f"os.setuid({uid})\n"
        f"try: psycopg.connect(host={str(sockets)!r}, user='cloudchat')\n"
        "except psycopg.OperationalError as error: print(error)\n"
        "else: print('let in')"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout


def test_data_survives_a_stop_and_the_application_is_no_superuser(data_dir):
    services = local.start(data_dir)
    query(services.database_url, "CREATE TABLE kept AS SELECT 'ya' AS word")
    redis.Redis.from_url(services.redis_url).set("kept", "ya")
    assert query(services.database_url, "SHOW is_superuser") == "off"
    assert query(services.database_url, "SHOW fsync") == "on"
    services.stop()
    services.stop()
    assert running_in(data_dir) == []

    again = local.start(data_dir)
    try:
        assert query(again.database_url, "SELECT word FROM kept") == "ya"
        assert redis.Redis.from_url(again.redis_url).get("kept") == b"ya"
    finally:
        again.stop()


def test_the_owner_can_make_what_the_schema_needs(used_dir):
    services = local.start(used_dir, redis=False, durable=False)
    try:
        url = services.create_database("cloudchat_test")
        query(url, "CREATE EXTENSION pg_trgm")
        query(url, "CREATE EXTENSION unaccent")
        query(url, "CREATE ROLE app LOGIN")
        query(url, "SET ROLE app")
        assert query(url, "SELECT lower('ÄÉ')") == "äé"
        copy = services.create_database("cloudchat_copy", template="cloudchat_test")
        assert query(copy, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'") == 1
        services.drop_database("cloudchat_copy")
        with pytest.raises(sa.exc.OperationalError):
            query(copy, "SELECT 1")
    finally:
        services.stop()


def test_several_starters_at_once_start_one_of_each_and_share_it(used_dir, launch):
    starters = [launch(STUB, used_dir, "wait") for _ in range(3)]
    said = {read_until(starter, "started").strip(): starter for starter in starters}
    assert sorted(said) == ["started False", "started True"]
    owner = said["started True"]
    borrowed = local.start(used_dir)
    for other in starters:
        if other is not owner:
            other.terminate()
            other.wait()
    borrowed.stop()
    assert query(borrowed.database_url, "SELECT 1") == 1
    owner.terminate()
    wait_until(lambda: running_in(used_dir) == [], message="a server still runs")


def test_kill_9_of_the_owner_leaves_no_orphan_and_no_broken_folder(used_dir, launch):
    owner = launch(STUB, used_dir, "die")
    assert owner.wait(30) == -signal.SIGKILL
    # The next one need not wait for the end of the orphans by itself.
    services = local.start(used_dir)
    assert query(services.database_url, "SELECT 1") == 1
    services.stop()
    assert running_in(used_dir) == []
    assert "database system was not properly shut down" not in (services.postgres.log.read_text()), (
        "the database was cut off, not ended"
    )


def test_killed_servers_are_started_again_with_their_data(used_dir):
    services = local.start(used_dir)
    try:
        query(services.database_url, "CREATE TABLE kept AS SELECT 1 AS n")
        for server in services.servers:
            assert not server.ensure()
            server.process.kill()
            server.process.wait()
            assert server.ensure()
        assert query(services.database_url, "SELECT n FROM kept") == 1
        assert redis.Redis.from_url(services.redis_url).ping()
    finally:
        services.stop()


def test_a_process_id_that_is_another_programs_now_is_no_hindrance(used_dir):
    services = local.start(used_dir, redis=False)
    postgres = services.postgres
    pid_file = (postgres.data / "postmaster.pid").read_text().split("\n")
    postgres.process.kill()
    services.stop()
    # As after a restart of a container: the old id lives, as this test.
    stale = "\n".join([str(os.getpid()), *pid_file[1:]])
    (postgres.data / "postmaster.pid").write_text(stale)
    services = local.start(used_dir, redis=False)
    assert query(services.database_url, "SELECT 1") == 1
    services.stop()


def test_a_long_path_gets_a_short_socket_folder(data_dir):
    deep = data_dir / ("a long name with a space " * 4).strip() / "var"
    services = local.start(deep, durable=False)
    try:
        assert len(str(services.postgres.sockets)) < 60
        assert services.postgres.sockets.stat().st_mode & 0o077 == 0
        assert query(services.database_url, "SELECT 1") == 1
        assert redis.Redis.from_url(services.redis_url).ping()
    finally:
        services.stop()
        shutil.rmtree(services.postgres.sockets)
        shutil.rmtree(services.redis.socket.parent)


def test_a_short_socket_folder_of_somebody_else_is_refused(data_dir):
    home = data_dir / ("x" * 100)
    folder = folders.socket_folder(home, "s")
    folder.rmdir()
    folder.symlink_to(data_dir)
    try:
        with pytest.raises(local.LocalError, match="not a private folder of ours"):
            folders.socket_folder(home, "s")
    finally:
        folder.unlink()


def test_a_full_disk_is_said_before_anything_is_written(data_dir):
    with pytest.raises(local.LocalError, match=r"only \d+ MB free .* CLOUDCHAT_DATA_DIR"):
        folders.check_space(data_dir, needed=2**60)


def test_data_of_another_major_version_is_refused_in_words(used_dir):
    (used_dir / "postgres" / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(local.LocalError, match="made by PostgreSQL 14 and this is"):
        local.start(used_dir, redis=False)


def test_with_embedded_fills_in_only_what_is_missing(data_dir):
    env = {"CLOUDCHAT_DATA_DIR": str(data_dir), "REDIS_URL": "redis://elsewhere/0"}
    code = (
        "import sys; from cloudchat import config, local\n"
        f"filled = local.with_embedded(config.load({env!r}))\n"
        "print(filled.redis_url, filled.database_url)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.stdout.startswith("redis://elsewhere/0 postgresql+psycopg://cloudchat@/cloudchat")
    assert running_in(data_dir) == []
    complete = load(env | {"DATABASE_URL": "postgresql://elsewhere/db"})
    assert local.with_embedded(complete) is complete


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
class TestAsRoot:
    def test_other_users_do_not_get_in(self, used_dir):
        services = local.start(used_dir, redis=False, durable=False)
        try:
            assert services.postgres.sockets.stat().st_uid == pwd.getpwnam("nobody").pw_uid
            # The server's own user gets through to the socket, and no further.
            nobody = pwd.getpwnam("nobody").pw_uid
            said = connect_as(nobody, services.postgres.sockets)
            assert "peer authentication failed" in said.lower()
            assert "Permission denied" in connect_as(4321, services.postgres.sockets)
        finally:
            services.stop()

    def test_below_a_private_folder_the_database_lives_outside(self):
        with tempfile.TemporaryDirectory() as private:  # 0700, as /root is
            data_dir = Path(private) / "var"
            services = local.start(data_dir, redis=False, durable=False)
            try:
                assert (data_dir / "postgres").is_symlink()
                assert Path(private).stat().st_mode & 0o077 == 0
                assert query(services.database_url, "SELECT 1") == 1
            finally:
                services.stop()
            again = local.start(data_dir, redis=False, durable=False)
            again.stop()
            home = again.postgres.home
            assert home == services.postgres.home
            folders.remove_home(data_dir, "postgres")
            assert not home.exists()


def test_temporary_services_leave_nothing():
    with local.temporary() as services:
        folder = services.postgres.data_dir
        assert query(services.create_database("one"), "SELECT 1") == 1
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(services.postgres.sockets), user="cloudchat")
