"""What a customer writes after a broadcast is an answer to it."""

from cloudchat.services.broadcasts.rules import REPLIES_COUNT
from cloudchat.services.statements import run

_NOTE = """
    update broadcast_recipients r set replied_at = now()
    where r.organization_id = %(organization_id)s and r.replied_at is null
      and r.conversation_id in (select value::int from jsonb_array_elements_text(%(rows)s::jsonb))
      and r.sent_at > now() - make_interval(secs => %(seconds)s)
"""


def note(conversation_ids: set[int]) -> None:
    """Part of the transaction that stores the answers."""
    if conversation_ids:
        run(_NOTE, sorted(conversation_ids), seconds=REPLIES_COUNT.total_seconds())
