"""What happens to bots."""

from dataclasses import dataclass

from cloudchat.events.base import Event


@dataclass(frozen=True)
class SentencesWanted(Event):
    """A bot has pairs whose texts were not yet read by the model of sentences."""

    organization_id: int
    bot_id: int


@dataclass(frozen=True)
class ChoiceDue(Event):
    """A bot is unsure, and the organization's language model is to choose among its pairs."""

    organization_id: int
    conversation_id: int
