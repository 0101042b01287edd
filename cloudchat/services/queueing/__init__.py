"""The division queue: customers choose a division and wait in line; agents get them one by one.

choice, menu, estimate and wording are pure. entries holds the rows, claiming the claim, handing what
giving and taking mean, choosing and waiting what customers may say. See docs/queue.md.
"""

from cloudchat.models import Conversation


def offer_menu(row: Conversation) -> bool:
    """Ask the locked conversation's customer for a division (a bot hands over); part of the caller's
    transaction. False where the queue is off or there is nothing to choose: flag a human then."""
    from cloudchat.services.queueing import choosing, talks

    talk = talks.of(row)
    return bool(talk and row.division_id is None and choosing.offer(talk))
