"""F28: a backup while messages come in, brought back into an empty database: nothing missing, secrets
readable; and what a restore refuses."""

import json
import os
import subprocess
import sys
import tarfile
import threading

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, text

from cloudchat import backup, config
from cloudchat.extensions import db
from cloudchat.services import files, secrets
from cloudchat.tenancy import APP_ROLE, READER_ROLE, acting_as
from tests import factories
from tests.conftest import ROOT


@pytest.fixture
def backed_up(app, cast, tmp_path):
    """A backup that was made under load: (file, manifest, the kept file's key)."""
    talk = factories.conversation(cast.organization_id, factories.device(cast.organization_id, "webchat"))
    begun, stop = threading.Event(), threading.Event()

    def write():
        with app.app_context():
            while not stop.is_set():
                message = factories.message(talk, "masih menulis")
                with acting_as(cast.organization_id):
                    kept = files.store_bytes(os.urandom(8).hex().encode(), "catatan.txt")
                    db.session.add(files.ready_attachment(talk.id, message.id, kept))
                    db.session.commit()
                begun.set()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        assert begun.wait(60)
        path, manifest = backup.create(tmp_path)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    return path, manifest


def flask(env, *words):
    done = subprocess.run(
        [sys.executable, "-m", "flask", "backup", *words],
        cwd=ROOT,
        env={**os.environ, **env, "FLASK_APP": "wsgi"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_was_backed_up_comes_back(backed_up, settings, services, cast, tmp_path):
    path, manifest = backed_up
    assert manifest.rows["messages"] > 0
    assert backup.verify(path) == manifest
    url = services.create_database("cloudchat_restored")
    env = {**settings[1], "DATABASE_URL": url, "CLOUDCHAT_DATA_DIR": str(tmp_path / "other")}
    keys = ",".join(settings[0].encryption_keys)
    code, _, told = flask({**env, "ENCRYPTION_KEYS": Fernet.generate_key().decode()}, "restore", str(path))
    assert (code, "ENCRYPTION_KEYS" in told) == (1, True)
    env["ENCRYPTION_KEYS"] = f"{Fernet.generate_key().decode()},{keys}"  # a new key before the old one
    code, told, complaint = flask(env, "restore", str(path))
    assert code == 0, complaint
    assert json.loads(told)["rows"] == sum(manifest.rows.values())
    engine = create_engine(url)
    with engine.connect() as connection:
        connection.execute(text(f"set local role {READER_ROLE}"))
        for table, count in manifest.rows.items():
            assert connection.execute(text(f'select count(*) from "{table}"')).scalar_one() == count, table
        sealed = connection.execute(text("select secrets from devices where secrets is not null")).scalars()
        assert all(isinstance(secrets.decrypt(item), dict) for item in list(sealed)[:20])
        keyed = "select file_key from attachments where state = 'ready' and file_key is not null"
        kept, found = settings[0].data_dir / "files", connection.execute(text(keyed)).scalars()
        there = [key for key in found if (kept / key).exists()]  # a test before may have taken one away
        assert there and all((tmp_path / "other" / "files" / key).exists() for key in there)
        newest = connection.execute(text("select max(id) from messages")).scalar_one()
        last = text("select last_value from pg_sequences where sequencename = 'messages_id_seq'")
        assert connection.execute(last).scalar_one() >= newest
        connection.rollback()
        connection.execute(text(f"set local role {APP_ROLE}"))  # the walls stand: no tenant, no rows
        assert connection.execute(text("select count(*) from messages")).scalar_one() == 0
    engine.dispose()
    code, _, told = flask(env, "restore", str(path))
    assert (code, "not empty" in told) == (1, True)
    code, _, complaint = flask(env, "restore", str(path), "--force")
    assert code == 0, complaint
    services.drop_database("cloudchat_restored")


def test_a_damaged_backup_is_refused(backed_up, tmp_path):
    path, _ = backed_up
    content = bytearray(path.read_bytes())
    with tarfile.open(path) as archive:
        place = archive.getmember("database.dump").offset_data
    content[place + 100] ^= 255
    bad = tmp_path / "bad.tar"
    bad.write_bytes(content)
    with pytest.raises(backup.BackupError, match="damaged"):
        backup.verify(bad)
    bad.write_bytes(content[: len(content) // 2])
    with pytest.raises(backup.BackupError):
        backup.verify(bad)
    (tmp_path / "text.tar").write_text("no backup")
    with pytest.raises(backup.BackupError):
        backup.restore(tmp_path / "text.tar")
    assert not list(tmp_path.glob("*.part"))
    assert path.stat().st_mode & 0o077 == 0
    assert not list(config.active().data_dir.glob("backup-*"))
