"""A bot's hours as rows: windows of the week, dates that differ, and the schedule that they make."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from cloudchat.errors import Invalid, NotFound
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotException, ChatbotSchedule
from cloudchat.services import audit, bot_settings, schedules
from cloudchat.services.schedules import END_OF_DAY, Schedule

MOST_WINDOWS = 100
MOST_EXCEPTIONS = 400
MOST_IN_A_DATE = 6
FIRST_DATE, LAST_DATE = date(2020, 1, 1), date(2100, 12, 31)


def of(bot: Chatbot, at: datetime) -> Schedule:
    """The bot's schedule as the pure functions take it, with the dates from about `at` on."""
    if not bot.schedule_enabled:
        return Schedule(bot.timezone, enabled=False)
    week: dict[int, tuple] = {}
    for row in windows(bot.id):
        if row.is_active:
            item = schedules.window(row.start_time, row.end_time)
            week[row.day_of_week] = (*week.get(row.day_of_week, ()), item)
    since = (at - timedelta(days=2)).date()
    dates = {row.date: dated_windows(row) for row in exceptions(bot.id, since)}
    return Schedule(bot.timezone, week, dates)


def windows(bot_id: int) -> list[ChatbotSchedule]:
    statement = select(ChatbotSchedule).where(ChatbotSchedule.bot_id == bot_id)
    order = (ChatbotSchedule.day_of_week, ChatbotSchedule.start_time, ChatbotSchedule.id)
    return list(db.session.scalars(statement.order_by(*order)))


def exceptions(bot_id: int, since: date | None = None) -> list[ChatbotException]:
    statement = select(ChatbotException).where(ChatbotException.bot_id == bot_id)
    if since:
        statement = statement.where(ChatbotException.date >= since)
    return list(db.session.scalars(statement.order_by(ChatbotException.date)))


def dated_windows(row: ChatbotException) -> tuple[schedules.Window, ...]:
    return tuple(
        schedules.window(read_time(start), read_time(end, ends=True))
        for start, end in row.windows.get("items", [])
    )


# --- windows of the week -----------------------------------------------------------------------


def add(bot_id: int, values: dict[str, Any]) -> ChatbotSchedule:
    """A window of `{day_of_week, start_time, end_time, is_active}`. Raises Invalid, NotFound."""
    bot = bot_settings.get(bot_id, lock=True)
    known = select(func.count()).select_from(ChatbotSchedule).where(ChatbotSchedule.bot_id == bot.id)
    if db.session.scalar(known) >= MOST_WINDOWS:
        raise Invalid("schedule", fields={"start_time": ["too_many_windows"]})
    row = ChatbotSchedule(bot_id=bot.id, **_checked(values))
    db.session.add(row)
    db.session.flush()
    audit.record("bot_hours.changed", bot, name=bot.name)
    db.session.commit()
    return row


def change(schedule_id: int, values: dict[str, Any]) -> ChatbotSchedule:
    """Change the named fields of a window. Raises Invalid, NotFound."""
    row = get(schedule_id)
    present = {
        "day_of_week": row.day_of_week,
        "start_time": show_time(row.start_time),
        "end_time": show_time(row.end_time),
        "is_active": row.is_active,
    }
    given = {name: value for name, value in values.items() if value is not None}
    for name, value in _checked(present | given).items():
        setattr(row, name, value)
    bot = bot_settings.get(row.bot_id)
    audit.record("bot_hours.changed", bot, name=bot.name)
    db.session.commit()
    return row


def remove(schedule_id: int) -> None:
    row = get(schedule_id)
    bot = bot_settings.get(row.bot_id)
    audit.record("bot_hours.changed", bot, name=bot.name)
    db.session.delete(row)
    db.session.commit()


def get(schedule_id: int) -> ChatbotSchedule:
    """Raises NotFound."""
    row = db.session.get(ChatbotSchedule, schedule_id)
    if row is None:
        raise NotFound("schedule")
    return row


def replace(bot_id: int, items: list[dict[str, Any]]) -> list[ChatbotSchedule]:
    """Make these exactly the windows of the week, all or none. Raises Invalid, NotFound."""
    bot = bot_settings.get(bot_id, lock=True)
    if len(items) > MOST_WINDOWS:
        raise Invalid("schedule", fields={"windows": ["too_many_windows"]})
    rows = [
        ChatbotSchedule(bot_id=bot.id, **_checked(item, f"windows.{at}.")) for at, item in enumerate(items)
    ]
    db.session.execute(delete(ChatbotSchedule).where(ChatbotSchedule.bot_id == bot.id))
    db.session.add_all(rows)
    db.session.flush()
    audit.record("bot_hours.changed", bot, name=bot.name)
    db.session.commit()
    return windows(bot.id)


def _checked(values: dict[str, Any], at: str = "") -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    day = values.get("day_of_week")
    if isinstance(day, bool) or not isinstance(day, int) or not 0 <= day <= 6:
        errors[at + "day_of_week"] = ["day_invalid"]
    times = {}
    for name in ("start_time", "end_time"):
        try:
            times[name] = read_time(values.get(name), ends=name == "end_time")
        except ValueError:
            errors[at + name] = ["time_invalid"]
    if len(times) == 2 and times["start_time"] == times["end_time"]:
        errors[at + "end_time"] = ["window_empty"]
    if errors:
        raise Invalid("schedule", fields=errors)
    return {"day_of_week": day, **times, "is_active": values.get("is_active", True) is not False}


def read_time(text: Any, ends: bool = False) -> time:
    """The time of "HH:MM" (seconds are let go). Raises ValueError."""
    parts = str(text).split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError("time")
    if len(parts[0]) > 2 or any(len(part) != 2 for part in parts[1:]):
        raise ValueError("time")
    hour, minute = int(parts[0]), int(parts[1])
    if ends and (hour, minute) == (24, 0):
        return END_OF_DAY
    return time(hour, minute)


def show_time(moment: time) -> str:
    return "24:00" if moment == END_OF_DAY else f"{moment:%H:%M}"


# --- dates that differ -------------------------------------------------------------------------


def set_exception(bot_id: int, day: date, name: str, items: list[list[str]]) -> ChatbotException:
    """Hours of one date; without any the bot rests all day. Raises Invalid, NotFound."""
    bot = bot_settings.get(bot_id, lock=True)
    checked = _checked_date(day, name, items)
    others = select(func.count()).select_from(ChatbotException)
    others = others.where(ChatbotException.bot_id == bot.id, ChatbotException.date != day)
    if db.session.scalar(others) >= MOST_EXCEPTIONS:
        raise Invalid("exception", fields={"date": ["too_many_exceptions"]})
    values = {"name": name.strip(), "windows": {"items": checked}}
    moment = datetime.now(UTC)
    found = db.session.scalar(
        insert(ChatbotException)
        .values(
            organization_id=bot.organization_id,
            bot_id=bot.id,
            date=day,
            created_at=moment,
            updated_at=moment,
            **values,
        )
        .on_conflict_do_update(index_elements=["bot_id", "date"], set_={**values, "updated_at": moment})
        .returning(ChatbotException)
        .execution_options(populate_existing=True)
    )
    audit.record("bot_hours.changed", bot, name=bot.name, date=day.isoformat())
    db.session.commit()
    return found


def _checked_date(day: date, name: str, items: list[list[str]]) -> list[list[str]]:
    if not FIRST_DATE <= day <= LAST_DATE:
        raise Invalid("exception", fields={"date": ["date_invalid"]})
    if len(name.strip()) > 120:
        raise Invalid("exception", fields={"name": ["too_long"]})
    if len(items) > MOST_IN_A_DATE:
        raise Invalid("exception", fields={"windows": ["too_many_windows"]})
    checked = []
    for at, (start, end) in enumerate(items):
        row = _checked({"day_of_week": 0, "start_time": start, "end_time": end}, f"windows.{at}.")
        checked.append([show_time(row["start_time"]), show_time(row["end_time"])])
    return checked


def remove_exception(exception_id: int) -> None:
    row = db.session.get(ChatbotException, exception_id)
    if row is None:
        raise NotFound("exception")
    bot = bot_settings.get(row.bot_id)
    audit.record("bot_hours.changed", bot, name=bot.name, date=row.date.isoformat())
    db.session.delete(row)
    db.session.commit()


def holidays_ahead(bot: Chatbot, locale: str, today: date | None = None) -> list[tuple[date, str]]:
    """Indonesian holidays of the year ahead that the bot has no hours of its own for."""
    today = today or datetime.now(ZoneInfo(bot.timezone)).date()
    known = {row.date for row in exceptions(bot.id, today)}
    until = today + timedelta(days=366)
    found = {
        day: name
        for year in (today.year, today.year + 1)
        for day, name in _holidays(year, locale).items()
        if today <= day <= until and day not in known
    }
    return sorted(found.items())


@lru_cache(maxsize=16)
def _holidays(year: int, locale: str) -> dict[date, str]:
    language = "id" if locale == "id" else "en_US"
    return dict(holidays.Indonesia(years=year, language=language, categories=("public", "government")))
