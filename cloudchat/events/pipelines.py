"""Boards, their cards and the automation of stages."""

from dataclasses import dataclass
from typing import Any

from cloudchat.events.base import Audience, Event


@dataclass(frozen=True)
class CardMoved(Event):
    """A card came to a stage, moved, left a board, or its deal changed. `version` orders the news.

    A card that goes to another pipeline has `from_pipeline_id` set; one that leaves no `to_stage_id`.
    """

    audience: Audience
    pipeline_id: int
    from_stage_id: int | None
    to_stage_id: int | None
    position: str | None
    version: int
    actor: dict[str, Any]
    at: str | None
    from_pipeline_id: int | None = None


@dataclass(frozen=True)
class PipelineChanged(Event):
    """A pipeline or its stages are other ones now, or many cards moved at once: look again."""

    organization_id: int
    pipeline_id: int


@dataclass(frozen=True)
class PipelineRunsDue(Event):
    """Stage automation has something to do now."""

    organization_id: int


@dataclass(frozen=True)
class PipelineNotice(Event):
    """Stage automation tells a user something."""

    organization_id: int
    user_id: int
    conversation_id: int
    text: str
