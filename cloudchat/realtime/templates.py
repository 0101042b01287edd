"""What open pages of templates hear: another status, and how far the fetching is."""

from cloudchat import events
from cloudchat.realtime.rooms import emit


def on_template(event: events.MetaTemplateChanged) -> None:
    payload = {"templateId": event.template_id, "wabaId": event.waba_id, "status": event.status}
    emit("template:updated", payload, [f"org:{event.organization_id}"])


def on_sync(event: events.TemplateSyncChanged) -> None:
    emit("template:sync", {"wabaId": event.waba_id}, [f"org:{event.organization_id}"])


SUBSCRIPTIONS = {events.MetaTemplateChanged: on_template, events.TemplateSyncChanged: on_sync}
