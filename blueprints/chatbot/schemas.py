"""Bodies and queries of the chatbot API."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from cloudchat.fields import LARGEST_ID, StrictId
from cloudchat.services.bot_hours import MOST_IN_A_DATE
from cloudchat.services.bot_pairs import LONGEST_ANSWER, LONGEST_QUESTION
from cloudchat.web import Body, PageQuery, PeriodQuery

# A "+07:00" in an address arrives as a blank where the caller did not escape it
Moment = Annotated[
    AwareDatetime, BeforeValidator(lambda text: text.replace(" ", "+") if isinstance(text, str) else text)
]


class PairQuery(PageQuery):
    """Words that a pair has to hold, and whether it is switched on."""

    q: str = Field("", max_length=200)
    is_active: bool | None = None


class BotBody(Body):
    """A bot; fields that are not named stay as they are."""

    name: str | None = None
    device_ids: list[StrictId] | None = Field(None, max_length=200)
    is_active: bool | None = None
    timezone: str | None = Field(None, max_length=50)
    schedule_enabled: bool | None = None
    outside_hours_message: str | None = None
    greeting: str | None = None
    fallback_message: str | None = None
    escalation_message: str | None = None
    escalation_words: list[str] | None = Field(None, max_length=200)
    answer_threshold: int | None = None
    suggest_threshold: int | None = None
    escalate_below: int | None = None
    misses_before_human: int | None = None
    asks_rating: bool | None = None
    returns: str | None = None


class PairBody(Body):
    """A question with its answer; `alternatives` are other ways to ask it."""

    question: str | None = Field(None, max_length=LONGEST_QUESTION * 2)
    alternatives: list[str] | None = Field(None, max_length=200)
    answer: str | None = Field(None, max_length=LONGEST_ANSWER * 2)
    is_active: bool | None = None


class WindowBody(Body):
    """A window of the week; times as "HH:MM", an end before the start is on the next day."""

    day_of_week: int | None = None
    start_time: str | None = Field(None, max_length=10)
    end_time: str | None = Field(None, max_length=10)
    is_active: bool | None = None


class WeekBody(Body):
    """All windows of the week: those not named are gone."""

    windows: list[WindowBody]


class ExceptionBody(Body):
    """Hours of one date; none: the bot rests all day."""

    date: date
    name: str = ""
    windows: list[tuple[str, str]] = Field([], max_length=MOST_IN_A_DATE)


class MomentQuery(Body):
    """The moment that is asked about; now, where none is given."""

    at: Moment | None = None


class TryBody(Body):
    """What a customer might write."""

    text: str = Field(max_length=10_000)


class TrendQuery(PeriodQuery):
    bucket: Literal["hour", "day", "week"] = "day"


class ReportListQuery(PeriodQuery, PageQuery):
    """A list within these days."""


class ReportFileQuery(PeriodQuery):
    format: Literal["csv", "xlsx"] = "csv"


PLACE = range(LARGEST_ID + 1)
