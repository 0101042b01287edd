"""`flask demo fill`: made-up rows that hold to every rule of the real ones."""

import json

import pytest
from sqlalchemy import select, text

from cloudchat.extensions import db
from cloudchat.models import Conversation, Message, PipelineStageHistory
from cloudchat.tenancy import acting_as

COUNT = 120


@pytest.fixture
def filled(app, cast, make):
    """An organization with one of each thing, then filled."""
    device = make.device(cast.organization_id)
    make.division(cast.organization_id, "Billing")
    make.label(cast.organization_id, "VIP")
    make.pipeline(cast.organization_id)
    make.pair(make.bot(cast.organization_id, (device,)), "Bisa COD?", "Bisa, Kak.")
    done = app.test_cli_runner().invoke(
        args=["demo", "fill", "--org", str(cast.organization_id), "--contacts", str(COUNT), "--yes"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["contacts"] == COUNT
    return cast


def test_what_it_makes_equals_a_recount(filled, as_person):
    with acting_as(filled.organization_id):
        rows = db.session.scalars(select(Conversation)).all()
        assert len(rows) == COUNT and {row.status for row in rows} >= {"open", "resolved"}
        for row in rows:
            own = select(Message).where(Message.conversation_id == row.id).order_by(Message.id)
            messages = db.session.scalars(own).all()
            last = messages[-1]
            assert (row.last_message_id, row.last_message_at) == (last.id, last.created_at)
            assert row.last_message_direction == last.direction
            assert [one.created_at for one in messages] == sorted(one.created_at for one in messages)
            unread = [one for one in messages if one.direction == "in" and one.id > row.last_read_message_id]
            assert row.unread_count == len(unread)
            assert (row.waiting_since is not None) == (row.unread_count > 0)
            steps = select(PipelineStageHistory).where(PipelineStageHistory.conversation_id == row.id)
            history = db.session.scalars(steps.order_by(PipelineStageHistory.id)).all()
            assert row.pipeline_stage_id == (history[-1].to_stage_id if history else None)
            assert all(one.duration_seconds >= 0 for one in history[1:])
    api = as_person(filled.admin)
    shown = api.get("/api/app/inbox/unread-count").json
    with acting_as(filled.organization_id):
        counted = db.session.execute(
            text("select count(*), coalesce(sum(unread_count), 0) from conversations where unread_count > 0")
        ).one()
    assert shown["conversations"] <= counted[0]
    for page in ("/app/dashboard", "/app/inbox", "/app/contacts", "/app/reports", "/app/pipelines"):
        assert api.get(page).status_code in (200, 302), page


def test_real_organizations_are_not_filled_by_accident(app, cast):
    refused = app.test_cli_runner().invoke(args=["demo", "fill", "--org", str(cast.organization_id)])
    assert refused.exit_code == 2 and "--yes" in refused.output
