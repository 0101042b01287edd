"""Visitors, jobs and socket events keep to their own organization as routes do."""

import contextlib
import inspect
import itertools
import pkgutil
from importlib import import_module

import pytest

from cloudchat import jobs
from cloudchat.errors import NotFound
from cloudchat.realtime import serving
from tests.contracts import objects, registry
from tests.contracts.registry import NotAnId
from tests.contracts.walk import fingerprint

# --- web chat ----------------------------------------------------------------------------------


def test_visitors_stay_in_their_own_chat(app, client, cast, make):
    """A token of one chat opens no other, and nobody else's files or messages."""
    chats = [make.device(org, "webchat", config={}) for org in (cast.organization_id, cast.neighbour_id)]
    own, foreign = (chat.public_key for chat in chats)
    token = client.post(f"/api/chat/{own}/sessions", json={}).json["token"]
    headers = {"Authorization": f"Bearer {token}"}
    sent = {"text": "halo", "client_id": "1"}
    assert client.post(f"/api/chat/{own}/messages", json=sent, headers=headers).status_code == 201

    for url in (f"/api/chat/{foreign}/messages", f"/api/chat/{foreign}/attachments/1"):
        assert client.get(url, headers=headers).status_code in (401, 404)
    assert client.post(f"/api/chat/{foreign}/messages", json=sent, headers=headers).status_code == 401
    for organization_id in (cast.organization_id, cast.neighbour_id):
        secret = objects.attachment(organization_id)
        for url in (f"attachments/{secret}", f"attachments/{secret}/link"):
            assert client.get(f"/api/chat/{own}/{url}", headers=headers).status_code == 404


# --- jobs --------------------------------------------------------------------------------------


def all_functions() -> dict[str, object]:
    """Every public function that a module of cloudchat.jobs defines."""
    found = {}
    for module_info in pkgutil.iter_modules(jobs.__path__, "cloudchat.jobs."):
        module = import_module(module_info.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{module.__name__}.{name}"] = function
    return found


def test_every_job_is_registered():
    tenant_jobs = {name for name, job in all_functions().items() if getattr(job, "is_job", "") == "tenant"}
    unknown = tenant_jobs - set(registry.JOBS)
    assert not unknown, f"say in tests/contracts/registry.py, JOBS, how to try these: {unknown}"
    assert not set(registry.JOBS) - tenant_jobs, "these jobs are gone"


@pytest.mark.parametrize(
    "name", [name for name, how in registry.JOBS.items() if not isinstance(how, NotAnId)]
)
def test_jobs_leave_a_neighbours_rows_alone(name, cast):
    calls = registry.JOBS[name](cast.neighbour_id)
    before = fingerprint(cast.neighbour_id)
    for job, *ids in calls:
        with contextlib.suppress(NotFound):
            job(cast.organization_id, *ids)
    assert fingerprint(cast.neighbour_id) == before


# --- socket events -----------------------------------------------------------------------------


def test_every_socket_event_is_registered():
    taken = {"/": set(serving.Desk.takes), "/chat": set(serving.Chat.takes)}
    listed = {namespace: set(events) for namespace, events in registry.SOCKET_EVENTS.items()}
    assert taken == listed, "say in tests/contracts/registry.py, SOCKET_EVENTS, how to try the new ones"


def test_socket_events_with_foreign_conversations_are_refused(desk, cast, make, socket_of, eventually):
    """Neither the neighbour's nor a hidden conversation can be typed into or viewed; the others
    there hear nothing."""
    theirs = make.conversation(cast.neighbour_id).id
    hidden = objects.hidden_conversation(cast.organization_id, cast.colleague.id)
    agent, stranger = socket_of(cast.agent), socket_of(cast.stranger)
    colleague = socket_of(cast.colleague)
    for event, payload in registry.SOCKET_EVENTS["/"].items():
        if isinstance(payload, NotAnId):
            continue
        for conversation in (theirs, hidden):
            answer = agent.call(event, payload(conversation))
            assert answer == {"error": "not_found"}, event
        assert agent.call(event, payload(make.conversation(cast.organization_id).id)) is None
    heard = itertools.chain(stranger.heard, colleague.heard)
    ids = {payload.get("conversationId") for _, payload in heard if isinstance(payload, dict)}
    assert not ids & {theirs, hidden}
