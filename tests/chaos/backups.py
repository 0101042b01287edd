"""F28: a backup while everything runs, brought back into an empty database."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import psycopg

from cloudchat import config as configuration
from cloudchat.services import secrets
from tests.bench.stack import DATABASE, ROOT
from tests.chaos import judge
from tests.chaos.cases import Verdict, case
from tests.chaos.disk import upload
from tests.chaos.run import Run, loaded
from tests.chaos.world import World

RESTORED = "restored"


@case("F28", "a backup under load, with uploads, brought back into an empty database")
def a_backup_under_load(world: World, verdict: Verdict) -> None:
    backups = world.folder / "backups"
    with loaded(world, verdict) as run:
        known = kept_messages(world, DATABASE, run.id)
        stop = threading.Event()
        sender = threading.Thread(target=_send_files, args=(world, stop), daemon=True)
        sender.start()
        run.go(2)
        with run.fault():
            told = world.beside(lambda: _backup(world, "create", "--to", str(backups)))
        stop.set()
        sender.join(30)
    verdict.note(megabytes=told["size"] >> 20, rows=told["rows"], files=told["files"])
    archive = Path(told["file"])
    world.services.create_database(RESTORED)
    try:
        own = configuration.load(world.env)
        elsewhere = {
            "DATABASE_URL": world.services.postgres.url(RESTORED),
            "CLOUDCHAT_DATA_DIR": str(world.folder / "restored"),
            "ENCRYPTION_KEYS": own.encryption_keys[0],
            "SECRET_KEY": own.secret_key,
        }
        back = world.beside(lambda: _backup(world, "restore", str(archive), **elsewhere))
        verdict.check("as many rows come back", back["rows"] == told["rows"], (told["rows"], back["rows"]))
        _judge(run, verdict, archive, known)
    finally:
        world.services.drop_database(RESTORED)


def _send_files(world: World, stop: threading.Event) -> None:
    while not stop.wait(0.2):
        upload(world)


def _backup(world: World, *words: str, **env: str) -> dict:
    command = [sys.executable, "-m", "flask", "backup", *words]
    done = subprocess.run(command, cwd=ROOT, env=world.env | env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"backup {words[0]}: {done.stderr[-400:]}")
    return json.loads(done.stdout)


def _judge(run: Run, verdict: Verdict, archive: Path, known: set[str]) -> None:
    """Counts of every table, checksums of what nobody touched, files, secrets, the walls."""
    from cloudchat import backup

    world = run.world
    manifest = backup.verify(archive)  # SHA-256 of the dump and of each file
    counts = {
        name: world.ask(f'select count(*) from "{name}"', database=RESTORED)[0][0] for name in manifest.rows
    }
    wrong = {name: n for name, n in counts.items() if n != manifest.rows[name]}
    verdict.check("every table has the rows that the backup counted", not wrong, wrong)
    verdict.note(tables=len(counts))
    now = judge.fingerprint(world, run.shops.bystander, RESTORED)
    changed = [name for name, value in run.untouched.items() if now.get(name) != value]
    verdict.check("what nobody touched is the same to the last letter", not changed, changed)
    lost = known - kept_messages(world, RESTORED, run.id)
    verdict.check("each webhook that was taken before the backup is in it", not lost, len(lost))
    verdict.check("there were such webhooks", len(known) > 0)
    _files_and_secrets(world, verdict)
    with psycopg.connect(**world.address(RESTORED)) as connection:
        connection.execute("set role cloudchat_app")
        (seen,) = connection.execute("select count(*) from messages").fetchone()
    verdict.check("without an organization no row is to be seen", seen == 0, seen)


def _files_and_secrets(world: World, verdict: Verdict) -> None:
    rows = world.ask("select file_key, size from attachments where file_key is not null", database=RESTORED)
    folder = world.folder / "restored" / "files"
    missing = [
        key for key, size in rows if not (folder / key).exists() or (folder / key).stat().st_size != size
    ]
    verdict.check("every attachment has its whole file", not missing, missing[:3])
    verdict.check("there were attachments", len(rows) > 0)
    sealed = world.ask("select id, secrets from devices where secrets is not null", database=RESTORED)
    with world.app.app_context():
        tokens = {number: secrets.decrypt(item).get("access_token") for number, item in sealed}
    shops = {shop.device_id for shop in world.shops.loaded}
    verdict.check("tokens are readable with the key", shops <= {n for n, token in tokens.items() if token})


def kept_messages(world: World, database: str, run: str) -> set[str]:
    rows = world.ask(
        "select external_id from messages where external_id like %s", f"wamid.{run}.%", database=database
    )
    return {name for (name,) in rows}
