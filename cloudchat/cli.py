"""The `flask` commands."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from cloudchat import backup
from cloudchat.demo import fill, seed
from cloudchat.errors import AppError
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import accounts, bot_analytics, bot_evaluation, bot_settings, organizations
from cloudchat.services.accounts import second_factor
from cloudchat.services.matching import evaluation, shops
from cloudchat.services.ongkir import evaluation as ongkir_evaluation
from cloudchat.tenancy import acting_as, all_organizations

org_group = AppGroup("org", help="Organizations.")
user_group = AppGroup("user", help="Users.")
bot_group = AppGroup("bot", help="Bots.")
demo_group = AppGroup("demo", help="Demo data.")
ongkir_group = AppGroup("ongkir", help="Shipping costs.")
backup_group = AppGroup("backup", help="Backups of the whole installation.")


def init_app(app: Flask) -> None:
    app.cli.add_command(org_group)
    app.cli.add_command(user_group)
    app.cli.add_command(bot_group)
    app.cli.add_command(demo_group)
    app.cli.add_command(ongkir_group)
    app.cli.add_command(backup_group)


@org_group.command("create")
@click.option("--name", required=True)
@click.option("--admin-email", required=True)
@click.option("--admin-password", required=True)
@click.option("--timezone", default="Asia/Jakarta", show_default=True)
def create_organization(name: str, admin_email: str, admin_password: str, timezone: str) -> None:
    """Make an organization with its first admin; prints JSON."""
    with _plain_errors():
        organization_id = organizations.create(name, timezone)
        with acting_as(organization_id):
            user = accounts.create_user(
                admin_email, admin_email.split("@", maxsplit=1)[0], "admin", admin_password
            )
            token = accounts.create_api_token(user.id, "first")
            db.session.commit()
            made = {"organization_id": organization_id, "admin_id": user.id, "api_token": token}
    click.echo(json.dumps(made))


@user_group.command("create")
@click.option("--org", "organization_id", required=True, type=int)
@click.option("--email", required=True)
@click.option("--password", required=True)
@click.option("--role", required=True, type=click.Choice(accounts.ROLES))
@click.option("--name", default="")
@click.option("--operator", is_flag=True, help="Also lets the user run the installation.")
def create_user(
    organization_id: int, email: str, password: str, role: str, name: str, operator: bool
) -> None:
    """Make a user of an organization; prints JSON."""
    with _plain_errors(), acting_as(organization_id):
        organizations.get(organization_id)
        user = accounts.create_user(email, name, role, password, is_operator=operator)
        token = accounts.create_api_token(user.id, "first")
        db.session.commit()
        made = {"user_id": user.id, "api_token": token}
    click.echo(json.dumps(made))


@user_group.command("reset-second-factor")
@click.option("--org", "organization_id", required=True, type=int)
@click.option("--email", required=True)
def reset_second_factor(organization_id: int, email: str) -> None:
    """For an only admin who has lost phone and recovery codes: log in with the password again."""
    with _plain_errors(), acting_as(organization_id):
        user_id = accounts.find_by_email(email)
        second_factor.reset(user_id)
    click.echo(json.dumps({"user_id": user_id}))


@bot_group.command("evaluate")
@click.option("--file", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--org", "organization_id", type=int, help="With --bot: measure it by its own log.")
@click.option("--bot", "bot_id", type=int)
@click.option("--answer-from", default=75.0, show_default=True, help="The bot's score for answering.")
@click.option("--suggest-from", default=10.0, show_default=True, help="The bot's score for asking back.")
@click.option("--cost/--no-cost", default=False, help="Also time and memory with 30 and 2,000 pairs.")
def evaluate_bot(
    path: Path | None,
    organization_id: int | None,
    bot_id: int | None,
    answer_from: float,
    suggest_from: float,
    cost: bool,
) -> None:
    """How often the right question is found, and whether a score means what it says; prints JSON."""
    if organization_id and bot_id:
        with _plain_errors(), acting_as(organization_id):
            bot = bot_settings.get(bot_id)
            answer_from, suggest_from = bot.answer_threshold, bot.suggest_threshold
            measured = [bot_evaluation.shop_of(bot_id)]
    else:
        measured = shops.read(path) if path else shops.own()
    asked = [one for shop in measured for one in evaluation.ask_all(shop)]
    told = {
        "shops": [shop.name for shop in measured],
        "answer_from": answer_from,
        "suggest_from": suggest_from,
        **evaluation.figures(asked, answer_from, suggest_from),
        "calibration": evaluation.calibration(asked),
    }
    if cost:
        told["cost"] = [evaluation.cost(pairs) for pairs in (30, 2000)]
    click.echo(json.dumps(told, indent=2))


DAY = click.DateTime(["%Y-%m-%d"])


@bot_group.command("aggregate")
@click.option("--from", "first", type=DAY, help="The first day; without it, the first that has anything.")
@click.option("--to", "last", type=DAY, help="The last day, included; without it, today.")
@click.option("--org", "organization_id", type=int, help="Only this organization.")
def aggregate_bots(first: datetime | None, last: datetime | None, organization_id: int | None) -> None:
    """Count the hourly and daily sums of bots anew from their turns; may be repeated."""
    if first and last and first > last:
        raise click.BadParameter("--from is after --to")
    if organization_id:
        ids = [organization_id]
    else:
        with all_organizations("the operator counts the sums of every organization anew"):
            ids = bot_analytics.with_bots()
    days = 0
    for number in ids:
        with _plain_errors(), acting_as(number):
            days += _aggregated(number, first, last)
    click.echo(json.dumps({"organizations": len(ids), "days": days}))


def _aggregated(organization_id: int, first: datetime | None, last: datetime | None) -> int:
    start = first.date() if first else bot_analytics.first_day()
    end = last.date() if last else bot_analytics.today()
    days = (end - start).days + 1 if start and start <= end else 0
    if days:
        label = f"Organization {organization_id}"
        with click.progressbar(length=days, label=label, file=sys.stderr) as bar:
            for done in bot_analytics.aggregate(start, end):
                bar.update(done)
    return days


@demo_group.command("seed")
def seed_demo() -> None:
    """Make the demo organization once; prints its logins as JSON."""
    with _plain_errors():
        click.echo(json.dumps(seed.seed()))


@demo_group.command("fill")
@click.option("--contacts", default=1000, show_default=True, type=click.IntRange(1, 1_000_000))
@click.option("--org", "organization_id", type=int, help="Another organization than the demo's; needs --yes.")
@click.option("--yes", is_flag=True, help="Yes, made-up customers shall stand among the real ones.")
@click.option("--seed", "start", default=1, show_default=True, help="Same number, same customers.")
def fill_demo(contacts: int, organization_id: int | None, yes: bool, start: int) -> None:
    """Fill the demo organization with customers, talks, cards and turns of the last 90 days."""
    if organization_id and not yes:
        raise click.UsageError("made-up customers cannot be told from real ones afterwards: add --yes")
    with _plain_errors():
        number = organization_id or seed.organization()
        if number is None:
            raise click.ClickException("there is no demo organization yet: run `flask demo seed` first")
        with (
            acting_as(number),
            click.progressbar(length=contacts, label="Customers", file=sys.stderr) as bar,
        ):
            organizations.get(number)
            for made in fill.fill(contacts, start):
                bar.update(made)
    click.echo(json.dumps({"organization_id": number, "contacts": contacts}))


@ongkir_group.command("evaluate")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--show", is_flag=True, help="Also print what was understood otherwise.")
def evaluate_ongkir(file, show: bool) -> None:
    """How well the phrases of FILE are understood (docs/ongkir.md); prints JSON."""
    phrases = ongkir_evaluation.read(file.read())
    click.echo(json.dumps(ongkir_evaluation.report(phrases, show), indent=2, ensure_ascii=False))


ARCHIVE = click.Path(exists=True, dir_okay=False, path_type=Path)


@backup_group.command("create")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default="backups")
def create_backup(folder: Path) -> None:
    """Back up database and files while everything runs; prints JSON with the file's name."""
    with _plain_errors():
        path, made = backup.create(folder)
    click.echo(json.dumps({"file": str(path), "size": path.stat().st_size, **_summary(made)}))


@backup_group.command("verify")
@click.argument("file", type=ARCHIVE)
def verify_backup(file: Path) -> None:
    """Compare every byte of FILE with the checksums that it was made with."""
    with _plain_errors():
        click.echo(json.dumps(_summary(backup.verify(file))))


@backup_group.command("restore")
@click.argument("file", type=ARCHIVE)
@click.option("--force", is_flag=True, help="Replace everything that is in the database.")
def restore_backup(file: Path, force: bool) -> None:
    """Bring FILE back into an empty database, with its files. Stop the web processes and workers first."""
    with _plain_errors():
        click.echo(json.dumps({"restored": str(file), **_summary(backup.restore(file, force))}))


def _summary(manifest) -> dict:
    return {
        "created_at": manifest.created_at,
        "revision": manifest.revision,
        "tables": len(manifest.rows),
        "rows": sum(manifest.rows.values()),
        "files": len(manifest.checksums) - 1,
    }


class _plain_errors:
    """Turn an expected refusal into one line and exit code 1."""

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _trace):
        if isinstance(error, AppError):
            details = [
                f"{name}: {sentence(item, item)}" for name, items in error.fields.items() for item in items
            ]
            raise click.ClickException("; ".join([sentence(error.code, error.message), *details]))
        if isinstance(error, backup.BackupError):
            raise click.ClickException(str(error))
        return False
