"""From a verified webhook body to stored and handled events, in one transaction where all is well.

Calls that arrive together share a transaction, per organization (`grouping`). Should that fail, the
events are kept first and then handled in halves, so that a bad one stops only itself; what is still
open after that is taken up by the sweeper. See docs/decisions/0003-intake.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

import structlog

from cloudchat.channels.base import (
    RawEvent,
)
from cloudchat.errors import Unavailable
from cloudchat.extensions import db, now
from cloudchat.services import device_routes, stored_events
from cloudchat.services.event_effects import Entry, apply
from cloudchat.services.grouping import GroupCommit, Submission
from cloudchat.services.statements import database_is_away, run
from cloudchat.tenancy import acting_as

log = structlog.get_logger(__name__)

GROUP_LIMIT = 200  # events that share one transaction at most
CALL_LIMIT = 1000  # events of one call that share one transaction at most
SWEEP_AFTER = timedelta(seconds=20)  # an event older than this and still open was left by a crash


def receive(channel_type: str, events: Iterable[RawEvent], route: device_routes.Route | None = None) -> int:
    """Store and handle the events of one webhook call; answers how many had a device.

    Where the address of the call names the device, `route` is it, and events of another account are
    not for us; else each event's account names its device.

    Returns only when everything is committed. Raises Unavailable when something could not be kept
    (the database is away), so that the provider calls again; what was kept is not kept twice then.
    """
    failure: Exception | None = None
    if route is None:
        by_organization = _by_organization(channel_type, events)
    else:
        own = [event for event in events if event.account in ("", route.account)]
        entries = [Entry(route.device_id, channel_type, event, route.is_open) for event in own]
        by_organization = {route.organization_id: entries}
    for organization_id, entries in by_organization.items():
        for first in range(0, len(entries), CALL_LIMIT):
            try:
                _group.submit(organization_id, entries[first : first + CALL_LIMIT])
            except Unavailable as error:  # the other organizations shall not wait for this one
                failure = error
    if failure:
        raise failure
    return sum(len(entries) for entries in by_organization.values())


def _by_organization(channel_type: str, events: Iterable[RawEvent]) -> dict[int, list[Entry]]:
    """The events that have a device, each with that; an account is looked up once for all of them."""
    found: dict[int, list[Entry]] = defaultdict(list)
    known: dict[tuple[str, str | None], list[device_routes.Route]] = {}
    try:
        for event in events:
            account = event.account, event.parent_account
            if account not in known:
                known[account] = _routes(channel_type, *account)
            for route in known[account]:
                entry = Entry(route.device_id, channel_type, event, route.is_open)
                found[route.organization_id].append(entry)
    except Exception as error:
        if database_is_away(error):
            raise Unavailable("database") from error
        raise
    return found


def _routes(channel_type: str, account: str, parent_account: str | None) -> list[device_routes.Route]:
    if account or not parent_account:
        route = device_routes.by_external_account(channel_type, account)
        found = [route] if route else []
    else:  # news of the account above, for all of its devices
        found = device_routes.by_parent_account(channel_type, parent_account)
    if not found:
        log.info("webhook_unknown_account", channel=channel_type, account=account[:40])
    return found


def _work(organization_id: int, group: list[Submission]) -> None:
    """One group of calls for one organization: all in one transaction, else each call alone.

    For one that is switched off they are only kept; the sweeper takes them up when it is on again.
    """
    with acting_as(organization_id):
        entries = [entry for submission in group for entry in submission.items]
        if not all(entry.is_open for entry in entries):
            _store(entries, handled=False)
            db.session.commit()
            return
        try:
            apply([entry for _, entry in _store(entries, handled=True)])
            db.session.commit()
            return
        except Exception as error:
            db.session.rollback()
            if database_is_away(error):
                raise
            log.warning("intake_group_failed", events=len(entries), exc_info=True)
        for submission in group:
            try:
                _work_alone(submission.items)
            except Exception as error:
                db.session.rollback()
                submission.error = Unavailable("intake")
                submission.error.__cause__ = error


_group = GroupCommit(_work, GROUP_LIMIT)


def _work_alone(entries: list[Entry]) -> None:
    """Keep the events first: from there on the answer is yes, whatever becomes of them."""
    stored = _store(entries, handled=False)
    db.session.commit()
    try:
        stored_events.handle([event_id for event_id, _ in stored])
    except Exception:
        db.session.rollback()
        log.warning("events_left_to_the_sweeper", events=len(stored), exc_info=True)


# Inserted in one order by all, or two batches with the same events could wait for each other; the
# order of their arrival is kept in `received_at`.
_STORE = """
    insert into webhook_events (
        organization_id, device_id, provider_id, kind, payload, received_at, next_attempt_at,
        processed_at, attempts
    )
    select %(organization_id)s, device_id, provider_id, kind, payload,
           now() + place * interval '1 microsecond', %(next_attempt_at)s,
           case when %(handled)s then now() end, 0
    from jsonb_to_recordset(%(rows)s::jsonb)
        as e(place int, device_id int, provider_id text, kind text, payload jsonb)
    order by device_id, provider_id, place
    on conflict (device_id, provider_id) do nothing
    returning id, device_id, provider_id
"""


def _store(entries: list[Entry], handled: bool) -> list[tuple[int, Entry]]:
    """Insert what is new; answers (event id, entry) of the new ones, in the order given."""
    rows = [
        {
            "place": place,
            "device_id": entry.device_id,
            "provider_id": entry.event.provider_id,
            "kind": entry.event.kind,
            "payload": entry.event.payload,
        }
        for place, entry in enumerate(entries)
    ]
    stored = run(_STORE, rows, next_attempt_at=now() + SWEEP_AFTER, handled=handled)
    ids = {(row.device_id, row.provider_id): row.id for row in stored}
    fresh, repeated = [], []
    for entry in entries:
        event_id = ids.pop((entry.device_id, entry.event.provider_id), None)
        if event_id is None:
            repeated.append(entry.event.provider_id)
        else:
            fresh.append((event_id, entry))
    if repeated:
        log.info("webhook_repeated", count=len(repeated), provider_ids=repeated[:5])
    return fresh
