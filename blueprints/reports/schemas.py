"""What the reports' routes and pages are asked."""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from flask import request
from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError

from cloudchat.errors import Invalid
from cloudchat.fields import RowId, number_or_word
from cloudchat.services import bot_turns
from cloudchat.services.bot_pairs import LONGEST_ANSWER, LONGEST_QUESTION
from cloudchat.services.desk_report import facts
from cloudchat.services.desk_report import rows as desk_rows
from cloudchat.services.desk_report.figures import SUBJECTS
from cloudchat.web import Body, PageQuery, PeriodQuery, decode_cursor, encode_cursor

# A "+07:00" in an address arrives as a blank where the caller did not escape it
Moment = Annotated[
    AwareDatetime, BeforeValidator(lambda text: text.replace(" ", "+") if isinstance(text, str) else text)
]
Whose = Annotated[RowId | Literal["none"] | None, BeforeValidator(number_or_word)]
Bucket = Literal["hour", "day", "week"]
By = Literal["row", "conversation"]


class TurnQuery(PeriodQuery, PageQuery):
    """The turns behind a figure of a bot, and behind one bar, cell or point of its chart."""

    figure: Literal[tuple(bot_turns.FIGURES)] = "total_interactions"
    rating: int | None = Field(None, ge=1, le=5)
    tenth: int | None = Field(None, ge=0, le=9)
    weekday: int | None = Field(None, ge=1, le=7)
    hour: int | None = Field(None, ge=0, le=23)
    qa_id: RowId | None = None
    question: str | None = Field(None, max_length=4000)
    at: Moment | None = None
    bucket: Bucket = "day"
    by: By = "row"

    def choice(self) -> bot_turns.Choice:
        return bot_turns.Choice(
            **self.model_dump(exclude={"start", "end", "cursor", "limit", "by"}, exclude_none=True)
        )


class SolveBody(PeriodQuery):
    """A pair, and the question without an answer of these days that it is made of."""

    solves: str = Field(max_length=4000)
    question: str = Field(max_length=LONGEST_QUESTION * 2)
    alternatives: list[str] = Field([], max_length=200)
    answer: str = Field(max_length=LONGEST_ANSWER * 2)

    def pair(self) -> dict:
        return self.model_dump(include={"question", "alternatives", "answer"})


class DeskQuery(PeriodQuery, PageQuery):
    """Agents or divisions of these days."""


class DeskTrendQuery(PeriodQuery):
    bucket: Bucket = "day"
    agent_id: Whose = None
    division_id: Whose = None


class RowQuery(PeriodQuery, PageQuery):
    """What stands behind a figure of an agent or a division; "none": of nobody."""

    figure: Literal[tuple(facts.SOURCES)]
    agent_id: Whose = None
    division_id: Whose = None
    at: Moment | None = None
    bucket: Bucket = "day"
    by: By = "row"

    def choice(self) -> desk_rows.Choice:
        return desk_rows.Choice(self.figure, self.agent_id, self.division_id, self.at, self.bucket)


class DeskFileQuery(PeriodQuery):
    subject: Literal[tuple(SUBJECTS)] = "agents"
    format: Literal["csv", "xlsx"] = "csv"


Query = TypeVar("Query", bound=Body)


def lenient(model: type[Query], **fixed) -> Query:
    """What the address asks for. What cannot be read is left out: an old bookmark still opens."""
    given = {name: value for name, value in request.args.items() if value} | fixed
    while True:
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for finding in error.errors():
                name = str(finding["loc"][0])
                given.pop(name, given.pop({"start": "from", "end": "to"}.get(name, name), None))


def after_of(cursor: str | None) -> tuple[datetime, int] | None:
    """Behind which moment and id a list goes on. Raises Invalid."""
    parts = decode_cursor(cursor, str, int)
    if parts is None:
        return None
    try:
        moment = datetime.fromisoformat(parts[0])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or parts[1] is True or not -(2**63) < parts[1] < 2**63:
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    return moment, parts[1]


def cut_page(rows: list[dict], limit: int) -> tuple[list[dict], str | None]:
    """The page, and the cursor of the next one; rows lose their place in the order."""
    items = rows[:limit]
    next_cursor = encode_cursor(*items[-1]["place"]) if len(rows) > limit else None
    return [{name: value for name, value in row.items() if name != "place"} for row in items], next_cursor
