"""Answering what shipping costs."""

from cloudchat.jobs import tenant_job
from cloudchat.services.ongkir import talks


@tenant_job
def answer(_organization_id: int, conversation_id: int) -> None:
    talks.answer(conversation_id)
