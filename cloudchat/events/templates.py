"""Meta's message templates."""

from dataclasses import dataclass

from cloudchat.events.base import Event


@dataclass(frozen=True)
class MetaTemplateChanged(Event):
    """A template of Meta's is new here, or is another now (status, quality, text)."""

    organization_id: int
    template_id: int
    waba_id: str
    status: str


@dataclass(frozen=True)
class TemplateSyncDue(Event):
    """The templates of a WABA have to be fetched."""

    organization_id: int
    waba_id: str


@dataclass(frozen=True)
class TemplateSyncChanged(Event):
    """The fetching of a WABA's templates went on, ended or failed."""

    organization_id: int
    waba_id: str
