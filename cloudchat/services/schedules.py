"""When a bot is awake: pure functions of its week, its dates that differ, and a moment.

Windows are wall-clock times of the bot's zone, so they keep their hours when the clocks change: an
hour that comes twice counts both times, one that is skipped never comes. A window whose end is
before its start runs into the next day. A date with hours of its own stands for itself alone: what
would run into it from the day before ends at midnight.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60
DAYS = 7
END_OF_DAY = time.max  # how "24:00" is kept


@dataclass(frozen=True, order=True)
class Window:
    """Minutes of a day, start included and end not; an end beyond 24:00 is on the next day."""

    start: int
    end: int


@dataclass(frozen=True)
class Schedule:
    """A week (0 = Sunday) and dates that replace theirs; not `enabled`: always awake."""

    timezone: str
    week: dict[int, tuple[Window, ...]] = field(default_factory=dict)
    dates: dict[date, tuple[Window, ...]] = field(default_factory=dict)
    enabled: bool = True


def window(start: time, end: time) -> Window:
    """The window between two times of day; an end before the start is tomorrow's. Raises ValueError
    for a window without length."""
    first, last = minutes(start), minutes(end)
    if first == last:
        raise ValueError("a window needs a length")
    return Window(first, last if last > first else last + DAY)


def minutes(moment: time) -> int:
    return DAY if moment == END_OF_DAY else moment.hour * 60 + moment.minute


def clock(minute: int) -> str:
    """ "HH:MM" of a minute of a window; 24:00 at the end of the day, and the next day from 0 again."""
    minute = minute if minute <= DAY else minute - DAY
    return f"{minute // 60:02}:{minute % 60:02}"


def merged(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """The same minutes in the fewest windows, in order."""
    result: list[Window] = []
    for item in sorted(windows):
        if result and item.start <= result[-1].end:
            result[-1] = Window(result[-1].start, max(result[-1].end, item.end))
        else:
            result.append(item)
    return tuple(result)


def spans_of_week(schedule: Schedule) -> dict[int, tuple[Window, ...]]:
    """What is shown of each day: its own minutes and those that run into it, merged, at most 24:00."""
    spans: dict[int, list[Window]] = {day: [] for day in range(DAYS)}
    for day, windows in schedule.week.items():
        for item in windows:
            spans[day].append(Window(item.start, min(item.end, DAY)))
            if item.end > DAY:
                spans[(day + 1) % DAYS].append(Window(0, item.end - DAY))
    return {day: merged(tuple(items)) for day, items in spans.items()}


def is_awake(schedule: Schedule, at: datetime) -> bool:
    """Is the bot awake at this moment (aware)?"""
    if not schedule.enabled:
        return True
    local = at.astimezone(ZoneInfo(schedule.timezone))
    minute = local.hour * 60 + local.minute
    return any(item.start <= minute < item.end for item in _minutes_of(schedule, local.date()))


def next_change(schedule: Schedule, at: datetime) -> datetime | None:
    """The first moment after `at` at which the answer differs (UTC); None where it never does."""
    if not schedule.enabled:
        return None
    awake = is_awake(schedule, at)
    for moment in _edges(schedule, at):
        if moment > at and is_awake(schedule, moment) != awake:
            return moment
    return None


def _windows_of(schedule: Schedule, day: date) -> tuple[Window, ...]:
    """The windows that begin on a date."""
    if day in schedule.dates:
        return schedule.dates[day]
    return schedule.week.get(day.isoweekday() % DAYS, ())


def _minutes_of(schedule: Schedule, day: date) -> list[Window]:
    """All windows of a date, those of yesterday that run into it included."""
    found = list(_windows_of(schedule, day))
    if day not in schedule.dates and day > date.min:
        yesterday = _windows_of(schedule, day - timedelta(days=1))
        found += [Window(item.start - DAY, item.end - DAY) for item in yesterday if item.end > DAY]
    return found


def _edges(schedule: Schedule, at: datetime) -> Iterator[datetime]:
    """Every moment from `at` on where something may change, in order, until the weeks only repeat."""
    zone = ZoneInfo(schedule.timezone)
    first = at.astimezone(zone).date()
    last = max([first, *(day for day in schedule.dates if day > first)])
    day = first
    while day <= last + timedelta(days=DAYS + 1):
        found = {_at(zone, day, 0)}
        for item in _minutes_of(schedule, day):
            for minute in (item.start, item.end):
                if 0 <= minute < DAY:
                    found |= {_at(zone, day, minute, fold) for fold in (0, 1)}
        switch = _switch(_at(zone, day, 0), _at(zone, day + timedelta(days=1), 0), zone)
        if switch:
            found.add(switch)
        yield from sorted(found)
        day += timedelta(days=1)


def _at(zone: ZoneInfo, day: date, minute: int, fold: int = 0) -> datetime:
    local = datetime.combine(day, time(minute // 60, minute % 60), zone).replace(fold=fold)
    return local.astimezone(UTC)


def _switch(first: datetime, last: datetime, zone: ZoneInfo) -> datetime | None:
    """The moment between two at which the zone's clocks are put forward or back, if any."""

    def offset(moment: datetime):
        return moment.astimezone(zone).utcoffset()

    if offset(first) == offset(last):
        return None
    low, high = int(first.timestamp()), int(last.timestamp())
    before = offset(first)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(datetime.fromtimestamp(middle, UTC)) == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)
