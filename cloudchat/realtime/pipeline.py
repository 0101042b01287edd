"""What open boards hear: a card's new place, with the version that orders the news."""

from cloudchat import events
from cloudchat.realtime.rooms import audience_rooms, emit


def on_card_moved(event: events.CardMoved) -> None:
    """To those who may see the conversation, and to nobody else of the organization."""
    payload = {
        "conversationId": event.audience.conversation_id,
        "pipelineId": event.pipeline_id,
        "fromPipelineId": event.from_pipeline_id,
        "fromStageId": event.from_stage_id,
        "toStageId": event.to_stage_id,
        "position": event.position,
        "version": event.version,
        "actor": event.actor,
        "at": event.at,
    }
    emit("pipeline:stage-changed", payload, audience_rooms(event.audience))


def on_pipeline_changed(event: events.PipelineChanged) -> None:
    emit("pipeline:updated", {"pipelineId": event.pipeline_id}, [f"org:{event.organization_id}"])


def on_notice(event: events.PipelineNotice) -> None:
    payload = {"conversationId": event.conversation_id, "text": event.text}
    emit("pipeline:notice", payload, [f"agent:{event.user_id}"])


SUBSCRIPTIONS = {
    events.CardMoved: on_card_moved,
    events.PipelineChanged: on_pipeline_changed,
    events.PipelineNotice: on_notice,
}
