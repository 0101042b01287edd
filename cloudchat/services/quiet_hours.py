"""The hours in which somebody does not want to be disturbed: pure functions of time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """From `starts` to `ends` (minutes of the day) on days of the week, 0 being Sunday.

    Where it ends before it starts it crosses midnight and belongs to the day on which it starts.
    """

    days: frozenset[int]
    starts: int
    ends: int

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
        """When the quiet time that starts on this day begins and ends, in UTC; None if it has none."""
        if weekday(day) not in self.days or self.starts == self.ends:
            return None
        last = day if self.starts < self.ends else day + timedelta(days=1)
        return _moment(day, self.starts, zone), _moment(last, self.ends, zone)


def quiet_until(hours: QuietHours, moment: datetime, zone: ZoneInfo) -> datetime | None:
    """When the present quiet time ends, in UTC; None where there is none."""
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        span = hours.on(day, zone)
        if span and span[0] <= moment < span[1]:
            return span[1]
    return None


def weekday(day: date) -> int:
    """0 for Sunday, as everywhere in the product."""
    return day.isoweekday() % 7


def tomorrow_morning(moment: datetime, zone: ZoneInfo, hour: int = 8) -> datetime:
    """Eight in the morning of the next day, in UTC."""
    return _moment(moment.astimezone(zone).date() + timedelta(days=1), hour * 60, zone)


def _moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    # A wall clock's reading that the zone skips (summer time) counts with the offset before the leap
    return datetime.combine(day, time(minute // 60, minute % 60), zone).astimezone(UTC)


def minute_of(words: str) -> int | None:
    """570 for "09:30"; None for anything else."""
    hour, colon, minute = words.partition(":")
    digits = all(len(part) == 2 and part.isascii() and part.isdigit() for part in (hour, minute))
    if not colon or not digits or int(hour) > 23 or int(minute) > 59:
        return None
    return int(hour) * 60 + int(minute)


def from_words(days: Iterable[int], start_time: str, end_time: str) -> QuietHours:
    """The hours as settings keep them; they were checked when they were saved."""
    return QuietHours(frozenset(days), minute_of(start_time) or 0, minute_of(end_time) or 0)
