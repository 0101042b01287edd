"""New conversations come to the board that takes them, in the transaction that makes them."""

import threading

import pytest
from sqlalchemy import select

from cloudchat.channels.base import InboundMessage
from cloudchat.extensions import db, now
from cloudchat.models import Conversation, Pipeline, PipelineRun
from cloudchat.services import inbound
from cloudchat.tenancy import acting_as
from tests import factories


@pytest.fixture
def write(sales, cast):
    """`write("Budi", "Sari")`: each sends a message, all in one batch; the cards by name."""

    def send(*names, device=None):
        device = device or sales.device
        batch = [
            inbound.Incoming(
                device.id,
                InboundMessage(f"m{factories.number()}", name, "text", now(), text="Halo", user_name=name),
            )
            for name in names
        ]
        with acting_as(device.organization_id):
            inbound.accept(batch)
            db.session.commit()
            theirs = select(Conversation).where(Conversation.external_user_id.in_(names))
            rows = db.session.scalars(theirs.execution_options(populate_existing=True))
            return {row.external_user_id: row for row in rows}

    return send


def take_new(sales, pipeline=None, value=True):
    path = f"/api/app/pipelines/{(pipeline or sales.pipeline).id}"
    answer = sales.call("put", path, json={"takes_new": value})
    assert answer.status_code == 200, answer.text
    assert answer.json["takes_new"] is value


def test_nobody_comes_unless_it_is_switched_on(sales, write, counted):
    with counted() as without:
        assert write("Budi")["Budi"].pipeline_id is None
    assert not any("pipeline_stages" in statement for statement in without)
    take_new(sales)
    assert write("Budi")["Budi"].pipeline_id is None  # that conversation is not new
    stranger = factories.device(factories.organization(), "webchat", config={})
    assert write("Asing", device=stranger)["Asing"].pipeline_id is None
    with counted() as with_it:
        assert write("Sari")["Sari"].pipeline_id == sales.pipeline.id
    assert len(with_it) > len(without)
    take_new(sales, value=False)
    assert write("Tono")["Tono"].pipeline_id is None


def test_they_stand_on_top_of_the_first_stage_with_history_and_rules(sales, write):
    take_new(sales)
    hard = {"wip_limit": 1, "wip_hard": True}  # holds people back, and never a customer
    sales.call("put", f"/api/app/pipelines/stages/{sales.lead.id}", json=hard)
    sales.rules(sales.lead, {"on": "enter", "do": "note", "with": {"text": "baru"}})
    old = sales.card()
    came = write("Budi", "Sari")
    again = write("Budi", "Tono")
    assert again["Budi"].id == came["Budi"].id
    order = [again["Tono"].id, came["Sari"].id, came["Budi"].id, old.id]
    assert sales.order(sales.lead) == order
    [entry] = sales.history(came["Budi"])
    assert (entry.from_stage_id, entry.to_stage_id, entry.actor_type) == (None, sales.lead.id, "system")
    with acting_as(sales.pipeline.organization_id):
        assert db.session.scalar(select(PipelineRun).where(PipelineRun.history_id == entry.id))
    sales.move(old, sales.lead, place="top")
    assert sales.order(sales.lead) == [old.id, *order[:3]]
    sales.move(came["Sari"], sales.lead, before_id=came["Budi"].id, after_id=again["Tono"].id)
    assert sales.order(sales.lead) == [old.id, *order[:3]]


def test_many_at_once_beside_people_who_move_cards(app, sales, cast, write):
    """Intake locks no stage, so nobody waits in a circle, and still no two cards share a key."""
    take_new(sales)
    cards = list(write(*(f"old{n}" for n in range(6))).values())
    barrier, failed = threading.Barrier(12), []

    def run(work):
        with app.app_context():
            barrier.wait()
            try:
                work()
            except Exception as error:
                failed.append(error)

    works = [lambda card=card: sales.move(card, sales.lead, place="top") for card in cards]
    works += [lambda n=n: write(f"old{n}", f"a{n}", f"b{n}", f"c{n}") for n in range(6)]
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with acting_as(cast.organization_id):
        in_lead = select(Conversation.pipeline_position).where(
            Conversation.pipeline_stage_id == sales.lead.id
        )
        keys = list(db.session.scalars(in_lead))
    assert (len(keys), len(set(keys))) == (24, 24)


def test_one_pipeline_takes_them(sales, cast):
    """Switching it on takes it from the other one; an archived pipeline takes nobody."""
    other = factories.pipeline(cast.organization_id, ladder="support")
    take_new(sales)
    take_new(sales, other)

    def takers():
        with acting_as(cast.organization_id):
            return list(db.session.scalars(select(Pipeline.id).where(Pipeline.takes_new)))

    assert takers() == [other.id]
    assert sales.call("delete", f"/api/app/pipelines/{other.id}").status_code == 204
    assert takers() == []
