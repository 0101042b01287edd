"""How routes say what they take and answer: checked bodies, and the API document made from them."""

from pydantic import BaseModel, ConfigDict, ValidationError
from spectree import SpecTree

from cloudchat import messages
from cloudchat.bodies import StrictBodies
from cloudchat.errors import Invalid

MAX_LIMIT = 100
api = SpecTree(
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


def _raise_invalid(error: ValidationError | None) -> None:
    if error is None:
        return
    fields: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False):
        name = ".".join(str(part) for part in item["loc"]) or "body"
        fields.setdefault(name, []).append(messages.validation(item["type"], item["msg"]))
    raise Invalid(code="invalid", fields=fields)
