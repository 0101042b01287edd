"""Bodies and queries of the queue's API."""

from datetime import date
from typing import Literal

from pydantic import Field, StrictBool

from cloudchat.fields import StrictId
from cloudchat.web import MAX_LIMIT, Body


class DivisionBody(Body):
    """The fields to set; keywords as a list, or as a text with commas. `move_to` is where people go
    who wait in a division that is switched off; without it they are told and asked again."""

    name: str | None = Field(None, max_length=1000)
    description: str | None = Field(None, max_length=5000)
    keyword_triggers: list[str] | str | None = Field(None, max_length=6000)
    avg_handling_time_minutes: int | None = None
    show_wait_time: StrictBool | None = None
    auto_detect_keywords: StrictBool | None = None
    is_active: StrictBool | None = None
    position: int | None = None
    agent_ids: list[StrictId] | None = Field(None, max_length=1000)
    move_to: StrictId | None = None

    def values(self) -> dict:
        """What was named, in the service's words."""
        named = self.model_dump(exclude_unset=True)
        if "agent_ids" in named:
            named["members"] = named.pop("agent_ids") or []
        may_be_null = ("move_to", "description", "keyword_triggers")
        return {key: value for key, value in named.items() if value is not None or key in may_be_null}


class Removal(Body):
    move_to: StrictId | None = None


class Order(Body):
    ids: list[StrictId] = Field(max_length=1000)


class Members(Body):
    user_ids: list[StrictId] = Field(min_length=1, max_length=1000)


class Assignment(Body):
    """To whom (without: to the caller); `force` goes beyond the agent's capacity, for managers."""

    agent_id: StrictId | None = None
    force: StrictBool = False


class NextOne(Body):
    division_id: StrictId


class Transfer(Body):
    """To a division or to an agent."""

    division_id: StrictId | None = None
    agent_id: StrictId | None = None
    note: str = Field("", max_length=10_000)
    expected_version: int | None = None


class SettingsBody(Body):
    """The fields to change."""

    is_enabled: StrictBool | None = None
    routing_order: str | None = None
    welcome_message: str | None = None
    queue_message_template: str | None = None
    check_queue_keyword: str | None = None
    check_queue_with_text: StrictBool | None = None
    queue_position_message: str | None = None
    no_agent_available_message: str | None = None
    assigned_message: str | None = None
    invalid_choice_message: str | None = None
    human_message: str | None = None
    menu_button: str | None = None
    suggestion_message: str | None = None
    offer_last_division: StrictBool | None = None
    last_division_message: str | None = None
    moved_up_enabled: StrictBool | None = None
    moved_up_message: str | None = None
    leave_keyword: str | None = None
    leave_message: str | None = None
    cancelled_message: str | None = None
    division_closed_message: str | None = None
    silent_agent_minutes: int | None = None

    def values(self) -> dict:
        return self.model_dump(exclude_unset=True, exclude_none=True)


class PreviewStep(Body):
    text: str = Field("", max_length=4096)
    button_id: str | None = Field(None, max_length=200)


class Preview(Body):
    """`text` alone is answered with all that leads to it; `steps` are played from the first message.
    `settings` are tried without being saved."""

    text: str | None = Field(None, max_length=4096)
    button_id: str | None = Field(None, max_length=200)
    steps: list[PreviewStep] | None = Field(None, max_length=20)
    settings: SettingsBody = SettingsBody()
    situation: Literal["available", "busy", "offline"] | None = None


class Availability(Body):
    """`requeue` hands open conversations back when the agent goes offline."""

    status: str
    requeue: StrictBool = False


class AgentChange(Body):
    capacity: int


class AgentQuery(Body):
    cursor: str | None = None
    limit: int = Field(50, ge=1, le=MAX_LIMIT)


class Days(Body):
    """Days in the organization's zone, both included."""

    start: date = Field(alias="from")
    end: date = Field(alias="to")
