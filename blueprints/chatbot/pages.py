"""Pages of the bots: the list, and of one bot its questions, hours and settings."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _

from blueprints.chatbot import bp
from blueprints.chatbot.forms import errors_of, read_bot, timezone_options
from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.models import Chatbot
from cloudchat.services import bot_hours, bot_settings, devices, schedules
from cloudchat.web import requires

DAYS_SHOWN = 7


@bp.get("/app/chatbot")
@requires("manager")
def index():
    rows = bot_settings.page(limit=bot_settings.MOST_BOTS)
    ids = [bot.id for bot in rows]
    return render_template(
        "chatbot/index.html",
        bots=rows,
        devices=bot_settings.devices_of(ids),
        counts=bot_settings.pair_counts(ids),
        awake={bot.id: is_awake(bot) for bot in rows},
    )


def is_awake(bot: Chatbot) -> bool:
    moment = datetime.now(UTC)
    return schedules.is_awake(bot_hours.of(bot, moment), moment)


@bp.post("/app/chatbot")
@requires("admin")
def create():
    """A new bot with a name; everything else has a default that can be changed."""
    name = request.form.get("name", "")
    try:
        bot = bot_settings.create({"name": name})
    except Invalid as error:
        db.session.rollback()
        page = render_template("chatbot/_new_form.html", name=name, errors=errors_of(error))
        return page, 422
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url_for("chatbot.show", bot_id=bot.id)
    return response


@bp.get("/app/chatbot/<int:bot_id>/settings")
@requires("admin")
def settings(bot_id: int):
    bot = bot_settings.get(bot_id)
    values = {name: getattr(bot, name) for name in bot_settings.FIELDS}
    values["device_ids"] = [device.id for device in bot_settings.devices_of([bot.id])[bot.id]]
    return _settings_page(bot, values, {})


@bp.post("/app/chatbot/<int:bot_id>/settings")
@requires("admin")
def save_settings(bot_id: int):
    values = read_bot(request.form)
    try:
        bot_settings.change(bot_id, values)
    except (Invalid, Conflict) as error:
        db.session.rollback()
        return _settings_page(bot_settings.get(bot_id), values, errors_of(error)), 422
    flash(_("Saved."), "success")
    return redirect(url_for("chatbot.settings", bot_id=bot_id))


def _settings_page(bot: Chatbot, values: dict, errors: dict) -> str:
    return render_template(
        "chatbot/settings.html",
        bot=bot,
        values=values,
        errors=errors,
        devices=devices.all_devices(),
        taken=bot_settings.taken_devices(bot.id),
        timezones=timezone_options(values.get("timezone")),
    )


@bp.post("/app/chatbot/<int:bot_id>/delete")
@requires("admin")
def delete(bot_id: int):
    name = bot_settings.get(bot_id).name
    bot_settings.remove(bot_id)
    flash(_("“%(name)s” was deleted.", name=name), "success")
    return redirect(url_for("chatbot.index"))


@bp.get("/app/chatbot/<int:bot_id>/hours")
@requires("manager")
def hours(bot_id: int):
    bot = bot_settings.get(bot_id)
    today = datetime.now(ZoneInfo(bot.timezone)).date()
    return render_template(
        "chatbot/hours.html",
        bot=bot,
        week=_week_of(bot),
        exceptions=bot_hours.exceptions(bot.id, today),
        holidays=bot_hours.holidays_ahead(bot, str(get_locale()))[:30],
        now_local=datetime.now(ZoneInfo(bot.timezone)).strftime("%Y-%m-%dT%H:%M"),
        at=_moment_told(bot, datetime.now(UTC)),
    )


def _week_of(bot: Chatbot) -> list[dict]:
    """The active windows as the grid takes them."""
    return [
        {
            "day_of_week": row.day_of_week,
            "start_time": bot_hours.show_time(row.start_time),
            "end_time": bot_hours.show_time(row.end_time),
            "is_active": row.is_active,
        }
        for row in bot_hours.windows(bot.id)
    ]


@bp.get("/app/chatbot/<int:bot_id>/at")
@requires("manager")
def at(bot_id: int):
    """What the bot would do at a moment of its own clock."""
    bot = bot_settings.get(bot_id)
    try:
        local = datetime.fromisoformat(request.args.get("moment", "")[:25]).replace(tzinfo=None)
        if not bot_hours.FIRST_DATE <= local.date() <= bot_hours.LAST_DATE:
            raise ValueError
    except ValueError:
        return render_template("chatbot/_at.html", bot=bot, at=None), 422
    moment = local.replace(tzinfo=ZoneInfo(bot.timezone)).astimezone(UTC)
    return render_template("chatbot/_at.html", bot=bot, at=_moment_told(bot, moment))


def _moment_told(bot: Chatbot, moment: datetime) -> dict:
    schedule = bot_hours.of(bot, moment)
    change = schedules.next_change(schedule, moment)
    zone = ZoneInfo(bot.timezone)
    return {
        "moment": moment.astimezone(zone),
        "awake": bot.is_active and schedules.is_awake(schedule, moment),
        "change": change.astimezone(zone) if change else None,
    }
