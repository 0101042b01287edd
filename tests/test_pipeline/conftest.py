"""A board to play with, and short words for what people do on it."""

import pytest
from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import Conversation, PipelineStageHistory
from cloudchat.tenancy import acting_as
from tests import factories


class Desk:
    """One organization's board: `stages` by name, and calls as one of its people."""

    def __init__(self, cast, as_person, **values):
        self.cast = cast
        self.as_person = as_person
        self.pipeline = factories.pipeline(cast.organization_id, **values)
        self.stages = {stage.name: stage for stage in factories.stages_of(self.pipeline)}
        self.device = factories.device(cast.organization_id, "webchat", config={})

    @property
    def lead(self):
        return self.stages["Lead Baru"]

    @property
    def qualified(self):
        return self.stages["Terkualifikasi"]

    @property
    def won(self):
        return self.stages["Menang"]

    def card(self, stage=None, **values):
        return factories.card(self.pipeline, stage, device_row=self.device, **values)

    def call(self, method, path, person=None, **kwargs):
        return getattr(self.as_person(person or self.cast.admin), method)(path, **kwargs)

    def move(self, card, stage, version=None, person=None, **more):
        body = {"to_stage_id": stage.id, "expected_version": version or self.now(card).version, **more}
        return self.call("post", f"/api/app/conversations/{card.id}/pipeline/move", person, json=body)

    def board(self, person=None, **query):
        answer = self.call("get", f"/api/app/pipelines/{self.pipeline.id}/board", person, query_string=query)
        assert answer.status_code == 200, answer.text
        return {column["name"]: column for column in answer.json["stages"]}

    def order(self, stage) -> list[int]:
        return [card["id"] for card in self.board(limit=100)[stage.name]["cards"]]

    def now(self, card) -> Conversation:
        with acting_as(card.organization_id):
            return db.session.get(Conversation, card.id, populate_existing=True)

    def history(self, card) -> list[PipelineStageHistory]:
        with acting_as(card.organization_id):
            rows = select(PipelineStageHistory).where(PipelineStageHistory.conversation_id == card.id)
            return list(db.session.scalars(rows.order_by(PipelineStageHistory.id)))

    def rules(self, stage, *rules):
        answer = self.call(
            "put", f"/api/app/pipelines/stages/{stage.id}", json={"automation_actions": list(rules)}
        )
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture
def sales(cast, as_person):
    """The sales ladder of the cast's organization."""
    return Desk(cast, as_person)
