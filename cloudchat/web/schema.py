"""How routes say what they take and answer: checked bodies, and the API document made from them."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from spectree import SpecTree

from cloudchat import messages
from cloudchat.bodies import StrictBodies
from cloudchat.errors import Invalid

MAX_LIMIT = 100


class Document(SpecTree):
    """Describes the models when the document is asked for: at the start of a process it would be a tenth
    of the work, and somebody waits for that when one died."""

    def __init__(self, *args, **kwargs):
        self._described: dict = {}
        self._due: list[dict] = []
        super().__init__(*args, **kwargs)

    def _add_model(self, **model) -> str:
        self._due.append(model)
        return self.naming_strategy(model["model"])

    @property
    def models(self) -> dict:
        due, self._due = self._due, []
        for model in due:
            super()._add_model(**model)
        return self._described

    @models.setter
    def models(self, value: dict) -> None:
        self._described = value


api = Document(
    "flask",
    backend=StrictBodies,
    title="CloudChat",
    version="1.0",
    path="api/docs-data",
    annotations=True,
    validation_error_status=422,
    naming_strategy=lambda model: model.__name__,
    before=lambda request, response, error, instance, adapter: _raise_invalid(error),
)


class Body(BaseModel):
    """A JSON body: unknown fields are ignored, numbers are not taken for text."""

    model_config = ConfigDict(extra="ignore", str_max_length=200_000)


class PageQuery(Body):
    """Where a list goes on."""

    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class PeriodQuery(Body):
    """Days of the organization's zone, both included; the last 30 where none are named."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")


def _raise_invalid(error: ValidationError | None) -> None:
    if error is None:
        return
    fields: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in item["loc"]) or "body"
        fields.setdefault(name, []).append(messages.validation(item["type"], item["msg"]))
    raise Invalid(code="invalid", fields=fields)
