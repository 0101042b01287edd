"""What callers are told when connecting failed: the common error object, and the plan's keys beside it."""

from cloudchat.messages import sentence
from cloudchat.services import facebook_help
from cloudchat.services.facebook_connect import ConnectFailed, Offer


def failure_json(error: ConnectFailed) -> dict:
    """The body of a 400."""
    failure, helped = error.failure, error.helped
    return {
        "error": {"code": error.code, "message": sentence(error.code), "fields": {}},
        "errorCode": failure.code,
        "errorSubcode": failure.subcode,
        "errorType": failure.type,
        "actionRequired": helped.action,
        "helpUrl": facebook_help.link_of(helped),
        "retryAfterSeconds": failure.retry_after,
        "traceId": failure.trace_id,
    }


def offer_json(offer: Offer) -> dict:
    """A page to choose, with the reason in words."""
    reason = sentence(offer.reason) if offer.reason else None
    return {"id": offer.id, "name": offer.name, "usable": offer.usable, "reason": reason}
