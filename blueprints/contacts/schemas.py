"""Bodies and queries of the contacts API and pages."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cloudchat.fields import Reference, StrictId
from cloudchat.services.contact_bulk import MAX_BULK
from cloudchat.services.contacts import Filter
from cloudchat.web import MAX_LIMIT, Body, Versioned

Sort = Literal["name", "-name", "created", "-created"]
Ids = Annotated[list[StrictId], Field(min_length=1, max_length=MAX_BULK)]
# An empty choice of a form means that nothing is chosen
Chosen = Annotated[Reference | None, BeforeValidator(lambda value: value or None)]


class ContactQuery(Body):
    """Words, a label, the order, and where to go on."""

    q: str = Field("", max_length=200)
    label: Chosen = None
    sort: Sort = "name"
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)

    def filter(self) -> Filter:
        return Filter(self.q, self.label)


class ContactBody(Versioned):
    """A contact's own fields; those not named stay."""

    name: str | None = Field(None, max_length=255)
    phone: str | None = Field(None, max_length=40)
    email: str | None = Field(None, max_length=255)
    labels: list[StrictId | str] | None = Field(None, max_length=50)
    custom_fields: dict | None = None


class MergeBody(Body):
    """The contact that is merged into the one in the address, and then is gone."""

    contact_id: StrictId


class LabelsBody(Body):
    """Labels to put on these contacts, and labels to take off; by id or name."""

    ids: Ids
    add: list[StrictId | str] = Field([], max_length=50)
    remove: list[StrictId | str] = Field([], max_length=50)


class NewFilter(Body):
    """What the list is filtered by, and the name under which it is kept."""

    name: str = Field(max_length=200)
    q: str = Field("", max_length=200)
    label: Chosen = None


class FilterName(Body):
    """The new name of a kept filter."""

    name: str = Field(max_length=200)


class FiltersQuery(Body):
    """Whether to count what each filter finds."""

    counts: bool = False


class IdsBody(Body):
    """The contacts that it is about: all of them, or none."""

    ids: Ids
