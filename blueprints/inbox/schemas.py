"""Bodies and queries of the inbox API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from cloudchat.fields import MessageId, Reference, RowId, StrictId, number_or_word
from cloudchat.services.conversation_bulk import Change, Earlier
from cloudchat.services.inbox import Filter
from cloudchat.web import MAX_LIMIT, Body


class ConversationQuery(Body):
    """How to narrow the list, and where to go on."""

    status: Literal["open", "pending", "snoozed", "resolved", "all"] | None = None
    assignee: Annotated[
        RowId | Literal["me", "unassigned", "all"] | None, BeforeValidator(number_or_word)
    ] = None
    division_id: RowId | None = None
    label: Reference | None = None
    device_id: RowId | None = None
    unread: bool | None = None
    needs_human: bool | None = None
    waiting: bool | None = None
    q: str = Field("", max_length=200)
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)

    def filter(self) -> Filter:
        chosen = self.model_dump(exclude={"cursor", "limit"})
        chosen["assignee"] = None if self.assignee == "all" else self.assignee
        return Filter(**chosen)


class MessageQuery(Body):
    """A window of a thread: after an id, before an id, or the last ones."""

    after: MessageId | None = None
    before: MessageId | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class NewMessage(Body):
    """Text, or a template with its variables. Files come as multipart form data."""

    text: str = ""
    buttons: list[dict] | None = Field(None, max_length=10)
    list_button: str | None = Field(None, max_length=20)
    template_id: StrictId | None = None
    variables: dict | None = None
    client_id: str = Field("", max_length=64)


class NewNote(Body):
    text: str


class Assignment(Body):
    agent_id: StrictId | None
    expected_version: int | None = None


class GivingBack(Body):
    """The version that the caller has seen, if that matters."""

    expected_version: int | None = None


class StatusChange(Body):
    status: str
    snooze_until: AwareDatetime | None = None
    expected_version: int | None = None


class LabelList(Body):
    labels: list[StrictId | str] = Field(max_length=50)


class Bulk(Body):
    """The same action on several conversations."""

    ids: list[StrictId] = Field(min_length=1, max_length=100)
    action: Literal["assign", "status", "add_label", "remove_label", "read"]
    agent_id: StrictId | None = None
    status: str | None = None
    snooze_until: AwareDatetime | None = None
    label: StrictId | str | None = None

    def change(self) -> Change:
        return Change(**self.model_dump(exclude={"ids"}))


class Standing(Body):
    """How a conversation stood before a bulk action, as its answer says it."""

    id: StrictId
    version: int
    status: str | None = None
    snooze_until: AwareDatetime | None = None
    agent_id: StrictId | None = None
    labels: list[StrictId] | None = Field(None, max_length=50)

    def earlier(self) -> Earlier:
        names = self.model_fields_set - {"id", "version"}
        return Earlier(self.id, self.version, {name: getattr(self, name) for name in names})


class Restoring(Body):
    """What a bulk action is to be undone for."""

    states: list[Standing] = Field(min_length=1, max_length=100)

    def earlier(self) -> list[Earlier]:
        return [state.earlier() for state in self.states]
