"""What a refusal means for a broadcast: may this recipient be tried again, and must all of it stop?

The words are those of the channels' error tables (docs of WhatsApp) and our own.
"""

from datetime import datetime, timedelta

LIMIT = 100_000  # recipients of one broadcast
REPLIES_COUNT = timedelta(days=30)  # a later message is no answer to it any more

# Trouble of the account or of the text: the next thousand would fare the same.
PAUSING = frozenset(
    {"0", "190", "368", "131031", "131037", "131042", "131045", "131048", "131064", "10", "131005"}
    | {"132000", "132001", "132005", "132007", "132012", "132015", "132016"}
    | {"no_token", "device_removed"}
)
# No second try mends these: no such number, or somebody who wants none.
NEVER_AGAIN = frozenset(
    {"131026", "131021", "131030", "131047", "131050", "130472", "130497"}
    | {"phone_invalid", "no_address", "opted_out", "cancelled"}
)
NOT_BEFORE = {"131049": timedelta(hours=24)}  # Meta chose not to deliver it today


def may_try_again(code: str | None, failed_at: datetime, moment: datetime) -> bool:
    """May a recipient who failed with this code be tried again now?"""
    if code in NEVER_AGAIN:
        return False
    wait = NOT_BEFORE.get(code or "")
    return wait is None or failed_at + wait <= moment
