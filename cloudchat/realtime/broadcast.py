"""How far broadcasts are, for those who may look at them."""

from cloudchat import events
from cloudchat.errors import NotFound
from cloudchat.realtime.rooms import emit
from cloudchat.services.broadcasts import catalog
from cloudchat.tenancy import acting_as


def on_changed(event: events.BroadcastChanged) -> None:
    """Managers and admins: counts as they stand now, not as they stood when it happened."""
    with acting_as(event.organization_id):
        try:
            now = catalog.progress(event.broadcast_id)
        except NotFound:
            return
    payload = {
        "broadcastId": now["id"],
        "status": now["status"],
        "prepared": now["prepared"],
        "counts": now["counts"],
        "speed": now["speed"],
        "secondsLeft": now["seconds_left"],
        "pauseReason": now["pause_reason"],
    }
    emit("broadcast:progress", payload, [f"supervisors:{event.organization_id}"])


SUBSCRIPTIONS = {events.BroadcastChanged: on_changed}
