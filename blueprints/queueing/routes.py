"""The queue's API: settings, who waits, assigning, and what customers would see."""

from spectree import Response as Answers

from blueprints.queueing import bp
from blueprints.queueing.schemas import (
    Assignment,
    Days,
    NextOne,
    Preview,
    SettingsBody,
    Transfer,
)
from cloudchat.extensions import now
from cloudchat.models import QueueEntry
from cloudchat.services import presenting
from cloudchat.services.presenting import iso
from cloudchat.services.queueing import (
    claiming,
    overview,
    preview,
    report,
    settings,
    trail,
    transferring,
)
from cloudchat.services.queueing.preview import Step
from cloudchat.services.visibility import get_visible
from cloudchat.web import api, idempotent, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_422")
DONE = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")


# --- settings ----------------------------------------------------------------------------------


@bp.get("/api/app/queue/settings")
@requires("agent")
@api.validate(resp=OK, tags=["queue"])
def show_settings():
    return settings.as_dict(settings.get())


@bp.put("/api/app/queue/settings")
@requires("admin")
@api.validate(json=SettingsBody, resp=OK, tags=["queue"])
def change_settings(json: SettingsBody):
    return settings.as_dict(settings.save(json.values()))


@bp.post("/api/app/queue/preview")
@requires("admin")
@api.validate(json=Preview, resp=OK, tags=["queue"])
def show_preview(json: Preview):
    """Nothing is kept, sent or told."""
    unsaved = json.settings.values()
    if json.steps:
        steps = [Step(step.text, step.button_id) for step in json.steps]
        if json.text is not None:
            steps.append(Step(json.text, json.button_id))
    else:
        steps = preview.opening(json.text or "", unsaved)
    turns, state = preview.play(steps, unsaved, json.situation)
    return {
        "turns": [{"text": turn.text, "messages": turn.messages} for turn in turns],
        "messages": [message for turn in turns for message in turn.messages],
        "state": state,
    }


# --- the queues now ----------------------------------------------------------------------------


@bp.get("/api/app/queue")
@requires("agent")
@api.validate(resp=OK, tags=["queue"])
def show_queue():
    return {"divisions": [_division(one) for one in overview.divisions_now(me())]}


def _division(row: overview.DivisionNow) -> dict:
    return {
        "division_id": row.id,
        "name": row.name,
        "is_active": row.is_active,
        "waiting": row.waiting,
        "longest_waiting_seconds": _seconds(row.longest_since),
        "agents_online": row.agents_online,
        "agents_total": row.agents_total,
        "estimated_wait_minutes": row.estimate_minutes,
        "entries": [_waiting(entry) for entry in row.entries],
    }


def _waiting(entry: overview.EntryNow) -> dict:
    return {
        "id": entry.id,
        "conversation_id": entry.conversation_id,
        "position": entry.place,
        "queue_number": entry.queue_number,
        "waiting_seconds": _seconds(entry.entered_at),
        "entered_at": iso(entry.entered_at),
        "contact": {"id": entry.contact_id, "name": entry.contact_name},
        "device_type": entry.device_type,
    }


def _seconds(since) -> int:
    return max(0, int((now() - since).total_seconds())) if since else 0


@bp.post("/api/app/queue/<int:entry_id>/assign")
@requires("agent")
@idempotent
@api.validate(json=Assignment, resp=DONE, tags=["queue"])
def assign_entry(entry_id: int, json: Assignment):
    return _entry(claiming.assign_entry(me(), entry_id, json.agent_id, json.force))


@bp.post("/api/app/queue/<int:entry_id>/cancel")
@requires("agent")
@idempotent
@api.validate(resp=DONE, tags=["queue"])
def cancel_entry(entry_id: int):
    return _entry(claiming.cancel(me(), entry_id))


@bp.post("/api/app/queue/next")
@requires("agent")
@idempotent
@api.validate(json=NextOne, resp=DONE, tags=["queue"])
def take_next(json: NextOne):
    """The caller takes whoever is next in a division of theirs."""
    return _entry(claiming.take_next(me(), json.division_id))


def _entry(row: QueueEntry) -> dict:
    return {
        "id": row.id,
        "entry_id": row.id,
        "conversation_id": row.conversation_id,
        "division_id": row.division_id,
        "status": row.status,
        "queue_number": row.queue_number,
        "assigned_agent_id": row.assigned_agent_id,
        "assigned_at": iso(row.assigned_at),
    }


# --- one conversation --------------------------------------------------------------------------


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/transfer")
@requires("agent")
@idempotent
@api.validate(json=Transfer, resp=DONE, tags=["queue"])
def transfer(conversation_id: int, json: Transfer):
    row = transferring.transfer(
        me(), conversation_id, json.division_id, json.agent_id, json.note, json.expected_version
    )
    return presenting.conversation(row)


@bp.get("/api/app/inbox/conversations/<int:conversation_id>/queue-trail")
@requires("agent")
@api.validate(resp=OK, tags=["queue"])
def show_trail(conversation_id: int):
    """Why this agent, or why still waiting."""
    row = get_visible(me(), conversation_id)
    steps = [{"kind": step.kind, "at": iso(step.at), "data": step.data} for step in trail.of(row.id)]
    waits = trail.waiting_reason(row)
    return {"steps": steps, "waiting": {**waits.__dict__, "since": iso(waits.since)} if waits else None}


# --- estimate against reality ------------------------------------------------------------------


@bp.get("/api/app/queue/report")
@requires("manager", scope="reports:read")
@api.validate(query=Days, resp=OK, tags=["queue"])
def show_report(query: Days):
    return {
        "items": [row.__dict__ for row in report.estimates(query.start, query.end)],
        "next_cursor": None,
    }
