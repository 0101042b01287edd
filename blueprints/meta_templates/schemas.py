"""Bodies and queries of the templates API."""

from typing import Any

from pydantic import Field

from cloudchat.fields import RowId, StrictId
from cloudchat.services.meta_templates.catalog import Filter
from cloudchat.web import MAX_LIMIT, Body, Versioned


class TemplateQuery(Body):
    """How to narrow Meta's templates, and where to go on."""

    device_id: RowId | None = None
    waba_id: str = Field("", max_length=32)
    status: str = Field("", max_length=30)
    language: str = Field("", max_length=20)
    category: str = Field("", max_length=30)
    q: str = Field("", max_length=200)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)

    def filter(self) -> Filter:
        return Filter(**self.model_dump(exclude={"cursor", "limit"}))


class TemplateChange(Body):
    """Meta's own body for an edit; what is left out stays."""

    category: str | None = None
    parameter_format: str | None = None
    components: list[dict[str, Any]] | None = Field(None, max_length=10)

    def values(self) -> dict:
        return self.model_dump(exclude_unset=True, exclude_none=True)


class NewTemplate(TemplateChange):
    """Meta's own create body, and the device that it is made with."""

    device_id: StrictId
    name: str = ""
    language: str = ""
    category: str = ""

    def values(self) -> dict:
        return self.model_dump(exclude={"device_id"}, exclude_none=True)


class TemplateRemovalQuery(Body):
    """`confirm`: yes, also if it is approved and perhaps in use."""

    confirm: bool = False


class SyncBody(Body):
    device_id: StrictId


class OwnQuery(Body):
    device_type: str | None = Field(None, max_length=20)
    q: str = Field("", max_length=200)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class OwnTemplateBody(Versioned):
    """A message template of our own; what is left out of a change stays."""

    name: str = ""
    body: str = ""
    device_type: str | None = None
