"""Jobs of the ratings that customers give to agents."""

from cloudchat.jobs import tenant_job
from cloudchat.services import ratings


@tenant_job
def ask(organization_id: int) -> None:
    """Ask the customers of conversations that were resolved a moment ago."""
    for rating_id in ratings.due():
        ratings.ask(rating_id)
