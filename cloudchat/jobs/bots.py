"""Jobs of bots."""

from cloudchat.jobs import tenant_job
from cloudchat.services import bots


@tenant_job
def ask_ratings(organization_id: int) -> None:
    """Ask customers who fell silent after an answer for their rating."""
    for conversation_id in bots.talks_to_rate():
        bots.ask_if_silent(conversation_id)
