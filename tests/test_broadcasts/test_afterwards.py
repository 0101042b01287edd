"""What follows from a broadcast elsewhere: on boards, and in programs of the organization."""

from sqlalchemy import select

from cloudchat.channels.base import TemplateUpdate
from cloudchat.extensions import db
from cloudchat.models import Pipeline, WebhookDelivery
from cloudchat.services.meta_templates import news
from cloudchat.services.webhooks import endpoints
from cloudchat.tenancy import acting_as
from tests.test_broadcasts.conftest import phones


def test_who_answers_comes_to_the_board_that_takes_new_ones(campaigns, number, cast, as_person):
    desk = as_person(cast.admin)
    stages = [{"name": "Baru"}, {"name": "Selesai", "kind": "won"}]
    board = desk.post("/api/app/pipelines", json={"name": "Jualan", "stages": stages}).json
    desk.put(f"/api/app/pipelines/{board['id']}", json={"takes_new": True})
    people = phones(2)
    made = campaigns.make(people)
    campaigns.act(made, "start")
    number.deliver(budget=10)
    assert [row.pipeline_id for row in number.conversations()] == [None, None]
    number.customer = "62" + people[0][1:]
    for _ in range(2):
        number.receive(number.message(content="Mau dong"))
    with acting_as(cast.organization_id):
        assert db.session.scalars(select(Pipeline.id).where(Pipeline.takes_new)).all() == [board["id"]]
    places = {row.external_user_id: (row.status, row.pipeline_id) for row in number.conversations()}
    assert places == {number.customer: ("open", board["id"]), "62" + people[1][1:]: ("pending", None)}


def test_programs_hear_when_it_is_finished_and_when_its_template_changes(campaigns, number, cast):
    wanted = {"url": "https://program.example/", "events": ["broadcast.finished", "template.updated"]}
    with acting_as(cast.organization_id):
        endpoints.create(wanted, None)
    made = campaigns.make([*phones(2), "salah"])
    campaigns.act(made, "start")
    number.deliver(budget=10)
    waba_id = number.device.config["waba_id"]
    paused = TemplateUpdate(waba_id, "kirim", "id", None, None, status="PAUSED")
    with acting_as(cast.organization_id):
        news.apply([paused])
        db.session.commit()
        rows = db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)).all()
        told = {row.event: row.data for row in rows}
    assert [row.event for row in rows] == ["broadcast.finished", "template.updated"]
    finished = told["broadcast.finished"]["broadcast"]
    assert (finished["id"], finished["status"]) == (made["id"], "completed")
    assert finished["counts"] == {"sent": 2, "failed": 1}
    template = told["template.updated"]["template"]
    assert (template["id"], template["status"]) == (campaigns.template_id, "PAUSED")
