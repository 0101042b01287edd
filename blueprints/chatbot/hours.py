"""The API of a bot's hours: windows of the week, dates that differ, and whether it is awake."""

from datetime import UTC, datetime

from blueprints.chatbot import bp
from blueprints.chatbot.routes import GONE, MADE, OK
from blueprints.chatbot.schemas import ExceptionBody, MomentQuery, WeekBody, WindowBody
from cloudchat.errors import Invalid
from cloudchat.models import ChatbotException, ChatbotSchedule
from cloudchat.services import bot_hours, bot_settings, schedules
from cloudchat.services.presenting import iso
from cloudchat.web import api, requires

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)


def window_json(row: ChatbotSchedule) -> dict:
    return {
        "id": row.id,
        "bot_id": row.bot_id,
        "day_of_week": row.day_of_week,
        "start_time": bot_hours.show_time(row.start_time),
        "end_time": bot_hours.show_time(row.end_time),
        "is_active": row.is_active,
    }


def exception_json(row: ChatbotException) -> dict:
    windows = row.windows.get("items", [])
    return {
        "id": row.id,
        "bot_id": row.bot_id,
        "date": row.date.isoformat(),
        "name": row.name,
        "windows": windows,
    }


@bp.get("/api/app/chatbot/bots/<int:bot_id>/schedules")
@requires("manager")
@api.validate(resp=OK, tags=["chatbot"])
def list_schedules(bot_id: int):
    rows = bot_hours.windows(bot_settings.get(bot_id).id)
    return {"items": [window_json(row) for row in rows], "next_cursor": None}


@bp.post("/api/app/chatbot/bots/<int:bot_id>/schedules")
@requires("admin")
@api.validate(json=WindowBody, resp=MADE, tags=["chatbot"])
def create_schedule(bot_id: int, json: WindowBody):
    return window_json(bot_hours.add(bot_id, json.model_dump(exclude_unset=True))), 201


@bp.put("/api/app/chatbot/bots/<int:bot_id>/schedules")
@requires("admin")
@api.validate(json=WeekBody, resp=OK, tags=["chatbot"])
def replace_schedules(bot_id: int, json: WeekBody):
    """The whole week at once, all or nothing."""
    items = [window.model_dump(exclude_unset=True) for window in json.windows]
    rows = bot_hours.replace(bot_id, items)
    return {"items": [window_json(row) for row in rows], "next_cursor": None}


@bp.put("/api/app/chatbot/schedules/<int:schedule_id>")
@requires("admin")
@api.validate(json=WindowBody, resp=OK, tags=["chatbot"])
def change_schedule(schedule_id: int, json: WindowBody):
    return window_json(bot_hours.change(schedule_id, json.model_dump(exclude_unset=True)))


@bp.delete("/api/app/chatbot/schedules/<int:schedule_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["chatbot"])
def delete_schedule(schedule_id: int):
    bot_hours.remove(schedule_id)
    return "", 204


@bp.get("/api/app/chatbot/bots/<int:bot_id>/exceptions")
@requires("manager")
@api.validate(resp=OK, tags=["chatbot"])
def list_exceptions(bot_id: int):
    rows = bot_hours.exceptions(bot_settings.get(bot_id).id)
    return {"items": [exception_json(row) for row in rows], "next_cursor": None}


@bp.post("/api/app/chatbot/bots/<int:bot_id>/exceptions")
@requires("admin")
@api.validate(json=ExceptionBody, resp=MADE, tags=["chatbot"])
def set_exception(bot_id: int, json: ExceptionBody):
    """Hours of a date; those that the date had are replaced."""
    windows = [list(window) for window in json.windows]
    return exception_json(bot_hours.set_exception(bot_id, json.date, json.name, windows)), 201


@bp.delete("/api/app/chatbot/exceptions/<int:exception_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["chatbot"])
def delete_exception(exception_id: int):
    bot_hours.remove_exception(exception_id)
    return "", 204


@bp.get("/api/app/chatbot/bots/<int:bot_id>/active")
@requires("manager")
@api.validate(query=MomentQuery, resp=OK, tags=["chatbot"])
def show_active(bot_id: int, query: MomentQuery):
    """Would the bot speak at this moment, and when does that change next?"""
    bot = bot_settings.get(bot_id)
    at = query.at or datetime.now(UTC)
    if not FIRST <= at < LAST:
        raise Invalid(code="invalid", fields={"at": ["date_invalid"]})
    schedule = bot_hours.of(bot, at)
    awake = schedules.is_awake(schedule, at)
    return {"active": bot.is_active and awake, "next_change_at": iso(schedules.next_change(schedule, at))}
