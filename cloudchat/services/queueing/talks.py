"""What the queue knows of a conversation while a message of it is handled; read for a batch at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cloudchat.extensions import db
from cloudchat.models import Conversation, Division, DivisionChoice, QueueEntry, QueueSettings
from cloudchat.services.queueing import entries, figures
from cloudchat.services.queueing.choice import Option
from cloudchat.services.queueing.figures import Figures
from cloudchat.services.queueing.menu import Line, wait_note
from cloudchat.services.queueing.settings import find

MOST_DIVISIONS = 100


class Desk:
    """The settings and divisions of the organization; read once for a batch, when first asked for."""

    def __init__(self, settings: QueueSettings):
        self.settings = settings
        self._divisions: list[Division] | None = None
        self._figures: dict[int, Figures] | None = None

    @property
    def divisions(self) -> list[Division]:
        """The active ones, in the menu's order."""
        if self._divisions is None:
            self._divisions = active_divisions()
        return self._divisions

    def division(self, division_id: int | None) -> Division | None:
        return next((one for one in self.divisions if one.id == division_id), None)

    @property
    def lines(self) -> list[Line]:
        """The menu's lines, with waits where a division shows them."""
        if self._figures is None:
            self._figures = figures.of([one for one in self.divisions if one.show_wait_time])
        return [Line(one.id, one.name, one.description or "", self._wait(one.id)) for one in self.divisions]

    def _wait(self, division_id: int) -> str:
        shown = self._figures.get(division_id)
        if shown is None:
            return ""
        return wait_note(shown.waiting, shown.wait())


@dataclass
class Talk:
    """A locked conversation with its place in the queue and the menu that it was sent."""

    row: Conversation
    desk: Desk
    entry: QueueEntry | None = None
    choice: DivisionChoice | None = None

    @property
    def settings(self) -> QueueSettings:
        return self.desk.settings

    @property
    def is_waiting(self) -> bool:
        return self.entry is not None and self.entry.status == "waiting"


def lock(conversation_id: int) -> Conversation | None:
    """Hold a conversation until the commit, with the device that it is answered on."""
    return db.session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .options(joinedload(Conversation.device))
        .with_for_update(of=Conversation, key_share=True)
        .execution_options(populate_existing=True)
    )


def read(conversation_ids: Iterable[int]) -> dict[int, Talk]:
    """The talks of conversations that the caller has locked; none where there is no queue at all."""
    wanted = list(conversation_ids)
    settings = find() if wanted else None
    if settings is None:
        return {}
    waiting = _by_conversation(select(QueueEntry).where(entries.LIVE), QueueEntry, wanted)
    if not settings.is_enabled:  # who waits is still served, everybody else is left alone
        wanted = [i for i in wanted if i in waiting]
        if not wanted:
            return {}
    desk = Desk(settings)
    rows = db.session.scalars(
        select(Conversation)
        .where(Conversation.id.in_(wanted))
        .options(joinedload(Conversation.device))
        .execution_options(populate_existing=True)
    )
    choices = _by_conversation(select(DivisionChoice), DivisionChoice, wanted)
    return {row.id: Talk(row, desk, waiting.get(row.id), choices.get(row.id)) for row in rows}


def _by_conversation(statement, model, wanted: list[int]) -> dict:
    rows = db.session.scalars(
        statement.where(model.conversation_id.in_(wanted)).execution_options(populate_existing=True)
    )
    return {row.conversation_id: row for row in rows}


def of(row: Conversation) -> Talk | None:
    """The same for one locked conversation."""
    return read([row.id]).get(row.id)


def active_divisions() -> list[Division]:
    return list(
        db.session.scalars(
            select(Division)
            .where(Division.is_active)
            .order_by(Division.position, Division.id)
            .limit(MOST_DIVISIONS)
            .execution_options(populate_existing=True)
        )
    )


def options(divisions: Iterable[Division]) -> list[Option]:
    return [Option(one.id, one.name, tuple(one.keyword_triggers)) for one in divisions]
