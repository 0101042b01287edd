"""What stages do by themselves: each action once, conditions, delays, loops, webhooks."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from sqlalchemy import select

from cloudchat.extensions import db, now
from cloudchat.models import ConversationEvent, ConversationLabel, Message, MetaTemplate, Note, PipelineRun
from cloudchat.services.pipelines.automation import running
from cloudchat.services.pipelines.automation.rules import within_hours
from cloudchat.services.webhooks import sending
from cloudchat.tenancy import acting_as
from tests import factories
from tests.conftest import wait_until


@pytest.fixture
def work(sales, cast):
    """`work()`: do what is due, until nothing is; `work(card)` answers its runs as well."""

    def all_done() -> bool:
        """Also what a running worker has in hand at this moment."""
        running.run_due()
        due = select(PipelineRun.id).where(PipelineRun.state == "pending", PipelineRun.due_at <= now())
        left = db.session.scalar(due.limit(1))
        db.session.rollback()
        return left is None

    def run(card=None):
        with acting_as(cast.organization_id):
            wait_until(all_done)
            if card is None:
                return None
            rows = select(PipelineRun).where(PipelineRun.conversation_id == card.id).order_by(PipelineRun.id)
            return list(db.session.scalars(rows.execution_options(populate_existing=True)))

    return run


def test_each_action_happens_once_and_is_logged(sales, cast, work):
    label, division = factories.label(cast.organization_id), factories.division(cast.organization_id)
    rules = [
        {"on": "enter", "do": "assign_agent", "with": {"agent_id": cast.agent.id}},
        {"on": "enter", "do": "assign_division", "with": {"division_id": division.id}},
        {"on": "enter", "do": "add_label", "with": {"label": label.name.upper()}},
        {"on": "enter", "do": "send_message", "with": {"text": "Halo {name} {0} {name.x}"}},
        {"on": "enter", "do": "note", "with": {"text": "Cek stok"}},
        {"on": "enter", "do": "notify", "with": {"text": "Ada prospek"}},
        {"on": "enter", "do": "set_value", "with": {"value": 75000}},
        {"on": "enter", "do": "add_label", "with": {"label_id": label.id}, "enabled": False},
        {"on": "exit", "do": "remove_label", "with": {"label_id": label.id}},
    ]
    sales.rules(sales.qualified, *rules)
    card = sales.card(name="Budi {name}")
    sales.move(card, sales.qualified)
    runs = work(card)
    work()  # a second time: nothing is left to do
    assert [(run.rule["do"], run.state) for run in runs] == [(rule["do"], "done") for rule in rules[:7]]
    row = sales.now(card)
    assert (row.assignee_id, row.division_id, row.deal_value) == (cast.agent.id, division.id, 75000)
    with acting_as(cast.organization_id):
        [message] = db.session.scalars(select(Message).where(Message.conversation_id == card.id))
        assert message.text == "Halo Budi {name} {0} {name.x}"
        assert db.session.scalar(select(Note.text).where(Note.conversation_id == card.id)) == "Cek stok"
        assert db.session.get(ConversationLabel, (card.id, label.id)) is not None
    sales.move(card, sales.won)
    work()
    with acting_as(cast.organization_id):
        assert db.session.get(ConversationLabel, (card.id, label.id)) is None
    shown = sales.call("get", f"/api/app/conversations/{card.id}/pipeline/history").json["items"]
    assert [item["do"] for item in shown[1]["automation"]] == [rule["do"] for rule in rules[:7]]
    assert shown[0]["automation"][0]["state"] == "done"


def test_a_failing_action_leaves_the_others_and_the_move(sales, work):
    sales.rules(
        sales.qualified,
        {"on": "enter", "do": "notify", "with": {"text": "tidak ada agen"}},
        {"on": "enter", "do": "note", "with": {"text": "tetap ditulis"}},
    )
    card = sales.card()
    sales.move(card, sales.qualified)
    failed, done = work(card)
    assert (failed.state, failed.result["reason"], done.state) == ("failed", "no_agent", "done")
    assert sales.now(card).pipeline_stage_id == sales.qualified.id


@pytest.fixture
def template(cast, context):
    """An approved template with one variable, and a device of its WABA; `set_status` is Meta's news."""
    device = factories.device(cast.organization_id, config={"phone_number_id": "71", "waba_id": "91"})
    row = MetaTemplate(
        device_id=device.id,
        waba_id="91",
        name="sapa",
        language="id",
        category="UTILITY",
        status="APPROVED",
        components=[{"type": "BODY", "text": "Halo {{1}}, ada kabar?"}],
    )

    def set_status(status):
        with acting_as(cast.organization_id):
            db.session.scalars(select(MetaTemplate)).one().status = status
            db.session.commit()

    with acting_as(cast.organization_id):
        db.session.add(row)
        db.session.commit()
    return SimpleNamespace(device=device, set_status=set_status)


def greeting(**template):
    """A rule that greets, by a template where the window has closed."""
    wanted = {"name": "sapa", "language": "id", "variables": {"1": "{name}"}} | template
    return {"on": "enter", "do": "send_message", "with": {"text": "Halo", "template": wanted}}


def messages_of(card) -> list[Message]:
    with acting_as(card.organization_id):
        return list(db.session.scalars(select(Message).where(Message.conversation_id == card.id)))


def test_closed_window_takes_the_template(sales, template, work):
    plain = {"on": "enter", "do": "send_message", "with": {"text": "Halo"}}
    sales.rules(sales.qualified, plain, greeting())
    long_ago = {"last_inbound_at": now() - timedelta(days=3)}
    card = factories.card(sales.pipeline, device_row=template.device, name="Budi {x}", **long_ago)
    sales.move(card, sales.qualified)
    refused, sent = work(card)
    assert (refused.state, refused.result["reason"], sent.state) == ("failed", "window_closed", "done")
    [message] = messages_of(card)
    assert (message.type, message.text) == ("template", "Halo Budi {x}, ada kabar?")
    assert message.payload["template"]["name"] == "sapa"
    with acting_as(card.organization_id):  # whoever has the conversation is told
        told = select(ConversationEvent.data).where(ConversationEvent.kind == "pipeline_not_sent")
        assert db.session.scalar(told)["reason"] == "window_closed"


def test_a_template_is_looked_at_when_saved_and_again_when_sent(sales, template, work):
    url = f"/api/app/pipelines/stages/{sales.qualified.id}"

    def refusal(**values):
        answer = sales.call("put", url, json={"automation_actions": [greeting(**values)]})
        assert answer.status_code == 422
        return list(answer.json["error"]["fields"])

    assert refusal(name="tidak_ada") == ["automation_actions.0.with.template"]
    assert refusal(language="en") == ["automation_actions.0.with.template"]
    assert refusal(variables={}) == ["automation_actions.0.with.variables.1"]
    template.set_status("PENDING")
    assert refusal() == ["automation_actions.0.with.template"]
    template.set_status("APPROVED")
    kept = sales.rules(sales.qualified, greeting())["automation_actions"]
    template.set_status("PAUSED")
    sales.rules(sales.qualified, *kept)  # the stage can still be saved
    cards = [
        factories.card(sales.pipeline, device_row=device, last_inbound_at=now() - timedelta(days=3))
        for device in (template.device, factories.device(sales.pipeline.organization_id))
    ]
    trial = {"conversation_id": cards[0].id}
    [tried] = sales.call("post", f"{url}/automation/test", json=trial).json["items"]
    assert tried["reason"] == "template_not_approved"
    for card, reason in zip(cards, ("template_not_approved", "template_unknown"), strict=True):
        sales.move(card, sales.qualified)
        [run] = work(card)
        assert (run.state, run.result["reason"], messages_of(card)) == ("failed", reason, [])


def test_a_loop_stops_and_says_so(sales, work):
    """A → B → A: at most five moves by itself (H63)."""
    lead, qualified = sales.lead, sales.qualified
    sales.rules(lead, {"on": "enter", "do": "move", "with": {"stage_id": qualified.id}})
    sales.rules(qualified, {"on": "enter", "do": "move", "with": {"stage_id": lead.id}})
    card = sales.card(sales.stages["Penawaran"])
    sales.move(card, lead)
    runs = work(card)
    assert [run.state for run in runs] == ["done"] * 5 + ["stopped"]
    assert runs[-1].result == {"reason": "chain_limit"}
    assert [row.actor_type for row in sales.history(card)[2:]] == ["automation"] * 5


def test_what_waits_is_cancelled_when_the_card_leaves(sales, work):
    sales.rules(
        sales.lead,
        {"on": "idle", "after_minutes": 2 * 1440, "do": "move", "with": {"stage_id": sales.qualified.id}},
        {"on": "enter", "after_minutes": 60, "do": "note", "with": {"text": "sejam"}},
    )
    stays, leaves = sales.card(), sales.card()
    sales.move(leaves, sales.won)
    with time_machine.travel(now() + timedelta(days=2, minutes=1), tick=True):
        runs = work(stays)
        assert [run.state for run in runs] == ["done", "done"]
        assert sales.now(stays).pipeline_stage_id == sales.qualified.id
        assert [run.state for run in work(leaves)] == ["cancelled", "cancelled"]


def test_a_move_that_is_taken_back_leaves_no_trace_but_its_history(sales, cast, work):
    """What it had planned is cancelled, also where the card came from; what waited there waits on."""
    sales.rules(
        sales.lead,
        {"on": "enter", "do": "note", "with": {"text": "selamat datang"}},
        {"on": "exit", "do": "note", "with": {"text": "pergi"}},
        {"on": "idle", "after_minutes": 60, "do": "note", "with": {"text": "sejam"}},
    )
    sales.rules(sales.qualified, {"on": "enter", "do": "note", "with": {"text": "lolos"}})
    card = sales.card()
    welcomed, waits = work(card)
    assert (welcomed.state, waits.state) == ("done", "pending")
    sales.move(card, sales.qualified)
    sales.move(card, sales.lead, undo=True)
    runs = {run.rule["with"]["text"]: run for run in work(card)}
    assert {text: run.state for text, run in runs.items()} == {
        "selamat datang": "done",
        "sejam": "pending",
        "pergi": "cancelled",
        "lolos": "cancelled",
    }
    assert runs["pergi"].result == {"reason": "undone"}
    assert runs["sejam"].due_at == waits.due_at
    assert len(sales.history(card)) == 3
    # what somebody else has moved is not one's own to take back: an ordinary move, with its rules
    sales.move(card, sales.qualified, person=cast.manager)
    sales.move(card, sales.lead, undo=True)
    assert [run.state for run in work(card) if run.rule["with"]["text"] == "pergi"] == ["cancelled", "done"]


def test_waiting_for_a_reply_begins_anew_with_each_message(sales, work):
    sales.rules(
        sales.lead,
        {"on": "idle", "since": "reply", "after_minutes": 60, "do": "note", "with": {"text": "diam"}},
    )
    card = sales.card(last_inbound_at=now() - timedelta(hours=5))
    with time_machine.travel(now() + timedelta(minutes=50), tick=True):
        factories.message(card, "masih di sini")
    with time_machine.travel(now() + timedelta(minutes=70), tick=True):
        assert [run.state for run in work(card)] == ["pending"]
    with time_machine.travel(now() + timedelta(minutes=120), tick=True):
        assert [run.state for run in work(card)] == ["done"]


def test_a_changed_rule_counts_for_cards_that_are_there(sales, work):
    card = sales.card()
    rule = {"on": "idle", "after_minutes": 60, "do": "note", "with": {"text": "baru"}}
    saved = sales.rules(sales.lead, rule)["automation_actions"][0]
    assert [run.state for run in work(card)] == ["pending"]
    sales.rules(sales.lead, {**saved, "enabled": False})
    assert work(card) == []
    sales.rules(sales.lead, {**saved, "after_minutes": 0})
    assert [run.state for run in work(card)] == ["done"]
    sales.rules(sales.lead, saved)  # done once for this entry: not again
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        assert [run.state for run in work(card)] == ["done"]


def test_conditions_and_the_dress_rehearsal(sales, cast, work):
    label = factories.label(cast.organization_id, "VIP")
    sales.rules(
        sales.qualified,
        {"on": "enter", "if": {"label": "vip"}, "do": "note", "with": {"text": "vip"}},
        {"on": "enter", "if": {"channel": "webchat"}, "do": "note", "with": {"text": "web"}},
        {"on": "enter", "if": {"min_value": 1000}, "do": "note", "with": {"text": "besar"}},
        {"on": "enter", "if": {"assignee": "none"}, "do": "note", "with": {"text": "bebas"}},
    )
    card = sales.card()
    url = f"/api/app/pipelines/stages/{sales.qualified.id}/automation/test"
    tried = sales.call("post", url, json={"conversation_id": card.id}).json["items"]
    assert [item["reason"] for item in tried] == ["label", None, "min_value", None]
    assert tried[0]["rule"]["if"] == {"label": label.name}
    sales.move(card, sales.qualified)
    runs = work(card)
    assert [run.state for run in runs] == ["skipped", "done", "skipped", "done"]
    assert runs[0].result == {"reason": "label"}


def test_agents_take_turns(sales, cast, work):
    division = factories.division(cast.organization_id, agents=(cast.agent, cast.colleague))
    turns = {"round_robin": True, "division_id": division.id}
    sales.rules(sales.qualified, {"on": "enter", "do": "assign_agent", "with": turns})
    cards = [sales.card() for _ in range(4)]
    for card in cards:
        sales.move(card, sales.qualified)
        work()
    first, second = sorted((cast.agent.id, cast.colleague.id))
    assert [sales.now(card).assignee_id for card in cards] == [first, second, first, second]


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"on": "never", "do": "note", "with": {"text": "x"}}, "on"),
        ({"on": "enter", "do": "format_disk"}, "do"),
        ({"on": "idle", "do": "note", "with": {"text": "x"}}, "after_minutes"),
        ({"on": "exit", "do": "move", "with": {"stage_id": 1}}, "do"),
        ({"on": "enter", "do": "note", "with": {}}, "with.text"),
        ({"on": "enter", "do": "move", "with": {"stage_id": 2**40}}, "with.stage_id"),
        ({"on": "enter", "if": {"x": 1}, "do": "resolve"}, "if"),
        ({"on": "enter", "if": {"hours": {"from": "25:00"}}, "do": "resolve"}, "if.hours"),
        ({"on": "enter", "do": "webhook", "with": {"url": "http://127.0.0.1/x"}}, "with.url"),
    ],
)
def test_what_cannot_work_is_refused_when_saved(sales, rule, field):
    answer = sales.call(
        "put", f"/api/app/pipelines/stages/{sales.lead.id}", json={"automation_actions": [rule]}
    )
    assert answer.status_code == 422
    assert list(answer.json["error"]["fields"]) == [f"automation_actions.0.{field}"]


def test_foreign_rows_in_rules_refuse_the_whole_call(sales, cast):
    """H37: one foreign id among good rules, and nothing is kept."""
    foreign = factories.pipeline(cast.neighbour_id)
    bad = (
        ("assign_agent", {"agent_id": cast.stranger.id}),
        ("assign_division", {"division_id": factories.division(cast.neighbour_id).id}),
        ("add_label", {"label_id": factories.label(cast.neighbour_id).id}),
        ("move", {"stage_id": factories.stages_of(foreign)[0].id}),
        ("notify", {"text": "x", "agent_id": cast.stranger.id}),
    )
    good = {"on": "enter", "do": "note", "with": {"text": "x"}}
    url = f"/api/app/pipelines/stages/{sales.lead.id}"
    for action, values in bad:
        rules = [good, {"on": "enter", "do": action, "with": values}]
        assert sales.call("put", url, json={"automation_actions": rules}).status_code == 422
    shown = sales.call("get", f"/api/app/pipelines/{sales.pipeline.id}").json["stages"][0]
    assert shown["automation_actions"] == []


def test_hours_may_cross_midnight():
    night = {"from": "22:00", "to": "06:00", "days": [1]}  # Monday night
    at = lambda day, hour: datetime(2026, 11, day, hour, tzinfo=UTC)  # noqa: E731 - 23 November is a Monday
    assert within_hours(night, at(23, 23)) and within_hours(night, at(24, 5))
    assert not within_hours(night, at(23, 5)) and not within_hours(night, at(24, 23))


# --- webhooks ----------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_tried_again(sales, cast, receiver, work):
    def send():
        with acting_as(cast.organization_id):
            sending.deliver()

    given = {"url": receiver.url, "secret": "rahasia-webhook"}
    rule = sales.rules(sales.qualified, {"on": "enter", "do": "webhook", "with": given})[
        "automation_actions"
    ][0]
    assert rule["with"] == {"url": receiver.url, "has_secret": True, "secret": "rahasia-webhook"}
    shown = sales.call("get", f"/api/app/pipelines/{sales.pipeline.id}").json["stages"][1]
    assert shown["automation_actions"][0]["with"] == {"url": receiver.url, "has_secret": True}
    receiver.statuses = [500, 302]
    card = sales.card()
    sales.move(card, sales.qualified)
    work(card)
    wait_until(lambda: send() or receiver.calls)  # a running worker may have it in hand
    wait_until(lambda: work(card)[0].attempts == 1 and work(card)[0].result)
    [run] = work(card)
    assert (run.state, run.attempts, run.result["status"]) == ("running", 1, 500)
    with time_machine.travel(now() + timedelta(minutes=2), tick=True):
        send()
    [run] = work(card)
    assert (run.state, run.result["reason"]) == ("failed", "bad_status")  # a redirect is not followed
    (headers, body), second = receiver.calls
    signed = hmac.new(b"rahasia-webhook", body, hashlib.sha256).hexdigest()
    assert headers["X-CloudChat-Signature"] == f"sha256={signed}"
    assert headers["X-CloudChat-Delivery"] == second[0]["X-CloudChat-Delivery"] == str(run.id)
    assert json.loads(body)["event"] == "pipeline.stage_enter"
    assert json.loads(body)["conversation_id"] == card.id
