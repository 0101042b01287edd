"""Open pages hear that what their menus offer has changed, and ask for it anew."""

from cloudchat import events
from cloudchat.realtime.rooms import emit


def on_choices(event: events.ChoicesChanged) -> None:
    emit("choices:changed", {}, [f"org:{event.organization_id}"])


SUBSCRIPTIONS = {events.ChoicesChanged: on_choices}
