"""Bodies and queries of the contacts API."""

from pydantic import Field

from cloudchat.fields import Reference, StrictId
from cloudchat.web import MAX_LIMIT, Body


class ContactQuery(Body):
    """Words, a label, and where to go on."""

    q: str = Field("", max_length=200)
    label: Reference | None = None
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class ContactBody(Body):
    """A contact's own fields; those not named stay."""

    name: str | None = Field(None, max_length=255)
    phone: str | None = Field(None, max_length=40)
    email: str | None = Field(None, max_length=255)
    labels: list[StrictId | str] | None = Field(None, max_length=50)
    custom_fields: dict | None = None


class MergeBody(Body):
    """The contact that is merged into the one in the address, and then is gone."""

    contact_id: StrictId
