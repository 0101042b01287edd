"""Filters of the lists: a choice, a day from which or until which. Values are checked, never trusted."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_admin.contrib.sqla.filters import BaseSQLAFilter

from cloudchat.web import me

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


class ScreenFilter(BaseSQLAFilter):
    """A filter with a name of its own in the address: `?flt_<key>=`."""

    kind = "select"

    def __init__(self, key: str, column, name):
        super().__init__(column, name)
        self.key = key

    def operation(self) -> str:
        return ""

    def get_options(self, view):
        """None: choices are asked for when a page is drawn, not when the app is made."""


class ChoiceFilter(ScreenFilter):
    """One of a few values. `choices` answers pairs of value and words, for the present request."""

    def __init__(self, key: str, column, name, choices: Callable[[], Iterable], condition=None):
        super().__init__(key, column, name)
        self.choices = choices
        self.condition = condition or (lambda value: column == value)

    def clean(self, value: str):
        for known, _words in self.choices():
            if str(known) == value:
                return known
        raise ValueError(value)

    def apply(self, query, value, alias=None):
        return query.filter(self.condition(value))


class DayFilter(ScreenFilter):
    """Rows from this day on (or, with `until`, up to its end), in the organization's time zone."""

    kind = "date"

    def __init__(self, key: str, column, name, until: bool = False):
        super().__init__(key, column, name)
        self.until = until

    def clean(self, value: str) -> datetime:
        day = date.fromisoformat(value)
        if not EARLIEST <= day <= LATEST:
            raise ValueError(value)
        day += timedelta(days=1) if self.until else timedelta()
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(me().timezone))

    def apply(self, query, value, alias=None):
        return query.filter(self.column < value if self.until else self.column >= value)
