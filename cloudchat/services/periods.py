"""Days that a report is about: of the organization's zone, both included."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloudchat.errors import Invalid
from cloudchat.services.accounts import Identity

LONGEST = 366 * 3  # days
USUAL = 30


def asked(identity: Identity, start: date | None, end: date | None) -> tuple[date, date]:
    """The days that were asked for; the last 30 where none are named. Raises Invalid."""
    today = datetime.now(ZoneInfo(identity.timezone)).date()
    end = end or max(today, start or today)
    start = start or end - timedelta(days=USUAL - 1)
    if start > end or (end - start).days > LONGEST or not 2000 <= start.year <= end.year <= 2100:
        raise Invalid("period", fields={"from": ["period_invalid"]})
    return start, end


def before(start: date, end: date) -> tuple[date, date]:
    """As many days, just before these."""
    return start - (end - start) - timedelta(days=1), start - timedelta(days=1)


def bounds(start: date, end: date, timezone: str) -> dict[str, datetime | str]:
    """The first moment of the days and the first after them, as a statement's values."""
    zone = ZoneInfo(timezone)
    return {
        "start": datetime.combine(start, time.min, zone),
        "finish": datetime.combine(end + timedelta(days=1), time.min, zone),
        "timezone": timezone,
    }
