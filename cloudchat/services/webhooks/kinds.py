"""The events that a webhook can ask for, each with what it means."""

from cloudchat.services.notification_kinds import N_

EVENTS: dict[str, str] = {
    "message.created": N_("A message came in or was written"),
    "message.status": N_("A message was sent, delivered, read, or failed"),
    "conversation.updated": N_("A conversation changed: status, agent, division, labels"),
    "conversation.resolved": N_("A conversation was resolved"),
    "conversation.rated": N_("A customer rated how an agent did"),
    "contact.created": N_("A contact is new"),
    "contact.updated": N_("A contact's details changed"),
    "queue.assigned": N_("A waiting customer was given to an agent"),
    "pipeline.stage_changed": N_("A card came to another stage"),
    "broadcast.finished": N_("A broadcast went out to everybody"),
    "template.updated": N_("A template of Meta's changed: status, quality, text"),
}
TEST = "webhook.test"
