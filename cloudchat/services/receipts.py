"""What providers report about our messages. A status never goes backwards."""

import json

from sqlalchemy import text

from cloudchat.channels.base import StatusUpdate
from cloudchat.events import Audience, MessageStatusChanged, publish
from cloudchat.extensions import db
from cloudchat.models.messages import STATUS_RANK
from cloudchat.tenancy import current_organization_id

_RANK = "case {} " + " ".join(f"when '{name}' then {rank}" for name, rank in STATUS_RANK.items())
_RANK += " end"

# By the provider's id, or by our reference where the status overtook the answer to our own call.
_APPLY = text(f"""
    update messages m set
        status = s.status,
        status_at = now(),
        error = s.error,
        external_id = coalesce(m.external_id, s.external_id)
    from unnest(
        cast(:devices as int[]), cast(:externals as text[]), cast(:referenced as bigint[]),
        cast(:statuses as text[]), cast(:errors as jsonb[])
    ) as s(device_id, external_id, message_id, status, error)
    where m.organization_id = :organization_id and m.direction = 'out'
      and m.device_id = s.device_id
      and (m.external_id = s.external_id or (m.id = s.message_id and m.external_id is null))
      and {_RANK.format("s.status")} > {_RANK.format("m.status")}
    returning m.id, m.conversation_id, m.status, m.error
""")

_AUDIENCES = text("""
    select id, assignee_id, division_id, external_user_id from conversations
    where organization_id = :organization_id and id = any(:ids)
""")

_SETTLE = text(
    "delete from outbox where organization_id = :organization_id and message_id = any(:ids)"
)


def apply(updates: list[tuple[int, StatusUpdate]]) -> None:
    """Bring messages up to date; unknown ones are passed over. Part of the caller's transaction."""
    latest: dict[tuple[int, str], StatusUpdate] = {}
    for device_id, update in updates:
        key = device_id, update.external_id
        known = latest.get(key)
        if known is None or STATUS_RANK[update.status] > STATUS_RANK[known.status]:
            latest[key] = update
    if not latest:
        return
    organization_id = current_organization_id()
    changed = db.session.execute(
        _APPLY,
        {
            "organization_id": organization_id,
            "devices": [device_id for device_id, _ in latest],
            "externals": [external_id for _, external_id in latest],
            "referenced": [_message_id(update.reference) for update in latest.values()],
            "statuses": [update.status for update in latest.values()],
            "errors": [
                json.dumps(update.error) if update.error else None for update in latest.values()
            ],
        },
    ).all()
    if not changed:
        return
    # A provider that reports a message has it: it must not be sent (again).
    db.session.execute(
        _SETTLE, {"organization_id": organization_id, "ids": [row.id for row in changed]}
    )
    announce(changed)


def announce(changed) -> None:
    """Tell the desk and the customer's page of new statuses (rows: id, conversation_id, status, error)."""
    organization_id = current_organization_id()
    audiences = {
        row.id: Audience(
            organization_id, row.id, row.assignee_id, row.division_id, row.external_user_id
        )
        for row in db.session.execute(
            _AUDIENCES,
            {
                "organization_id": organization_id,
                "ids": list({row.conversation_id for row in changed}),
            },
        )
    }
    for row in changed:
        publish(MessageStatusChanged(audiences[row.conversation_id], row.id, row.status, row.error))


def _message_id(reference: str | None) -> int | None:
    if reference and reference.isascii() and reference.isdigit() and len(reference) < 19:
        return int(reference)
    return None
