"""Jobs of bots."""

from cloudchat.jobs import tenant_job
from cloudchat.services import bot_analytics, bot_index, bot_ratings, bot_settling


@tenant_job
def ask_ratings(organization_id: int) -> None:
    """Ask customers who fell silent after an answer for their rating."""
    for conversation_id in bot_ratings.talks_to_rate():
        bot_ratings.ask_if_silent(conversation_id)


@tenant_job
def read_sentences(organization_id: int, bot_id: int) -> None:
    """Have the texts of a bot's pairs ready for whoever ranks them."""
    bot_index.read_sentences(bot_id)


@tenant_job
def choose(organization_id: int, conversation_id: int) -> None:
    """Answer a customer for whose question a language model is asked."""
    bot_settling.settle(conversation_id)


@tenant_job
def aggregate_recent(organization_id: int) -> None:
    """Keep the sums of the last days."""
    bot_analytics.aggregate_recent()


@tenant_job
def aggregate_all(organization_id: int) -> None:
    """Keep all sums: what came late is counted."""
    bot_analytics.aggregate_all()
