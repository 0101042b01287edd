"""The notifications API. Pages, fragments and the service worker are in pages.py."""

from datetime import datetime

from flask import request
from spectree import Response as Answers

from blueprints.notifications import bp
from blueprints.notifications.schemas import (
    ListQuery,
    Read,
    SettingsChange,
    Snooze,
    Subscription,
)
from cloudchat.errors import Conflict, Invalid
from cloudchat.extensions import now
from cloudchat.limits import limiter
from cloudchat.services import notification_list, notification_settings, push_browsers, push_keys
from cloudchat.services.presenting import iso
from cloudchat.web import api, decode_cursor, encode_cursor, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_422")
FOUND = Answers("HTTP_200", "HTTP_401", "HTTP_404")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_404", "HTTP_422")


def settings_json(settings: dict) -> dict:
    """Settings as the API and the page show them."""
    identity = me()
    quiet = notification_settings.silent_until(settings, now(), identity.timezone)
    return {
        **settings,
        "snoozed_until": iso(settings["snoozed_until"]),
        "silent_until": iso(quiet),
        "timezone": identity.timezone,
        "push": {**settings["push"], "public_key": push_keys.public_key()},
    }


def own_account() -> int:
    """The caller's own id. Raises Conflict for an operator who acts as another organization."""
    if me().acting:
        raise Conflict(code="acting_user")
    return me().user_id


# --- settings ----------------------------------------------------------------------------------


@bp.get("/api/app/notifications/settings")
@requires("agent")
@api.validate(resp=OK, tags=["notifications"])
def show_settings():
    return settings_json(notification_settings.get(me().user_id))


@bp.put("/api/app/notifications/settings")
@requires("agent")
@api.validate(json=SettingsChange, resp=OK, tags=["notifications"])
def change_settings(json: SettingsChange):
    wanted = json.model_dump(exclude_unset=True, exclude_none=True)
    return settings_json(notification_settings.change(own_account(), wanted))


@bp.post("/api/app/notifications/snooze")
@requires("agent")
@api.validate(json=Snooze, resp=OK, tags=["notifications"])
def snooze(json: Snooze):
    settings = notification_settings.snooze(own_account(), json.how_long, me().timezone)
    return settings_json(settings)


# --- the bell ----------------------------------------------------------------------------------


@bp.get("/api/app/notifications")
@requires("agent")
@api.validate(query=ListQuery, resp=OK, tags=["notifications"])
def list_notifications(query: ListQuery):
    items, next_cursor = page_of_notifications(query)
    return {
        "items": items,
        "next_cursor": next_cursor,
        "unread": notification_list.unread_count(me().user_id),
    }


def page_of_notifications(query: ListQuery) -> tuple[list[dict], str | None]:
    after = None
    parts = decode_cursor(query.cursor, str, int)
    if parts:
        try:
            after = (datetime.fromisoformat(parts[0]), parts[1])
        except ValueError:
            raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]}) from None
        if after[0].tzinfo is None or not 0 <= after[1] < 2**63:
            raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    items, more = notification_list.page(me(), after, query.limit)
    return items, encode_cursor(more[0].isoformat(), more[1]) if more else None


@bp.get("/api/app/notifications/unread-count")
@requires("agent")
@api.validate(resp=OK, tags=["notifications"])
def unread_count():
    return {"unread": notification_list.unread_count(me().user_id)}


@bp.get("/api/app/notifications/<bigint:notification_id>")
@requires("agent")
@api.validate(resp=FOUND, tags=["notifications"])
def show_notification(notification_id: int):
    return notification_list.one(me(), notification_id)


@bp.post("/api/app/notifications/read")
@requires("agent")
@api.validate(json=Read, resp=OK, tags=["notifications"])
def mark_read(json: Read):
    if not (json.ids or json.conversation_id or json.all):
        raise Invalid(code="invalid", fields={"ids": ["required"]})
    left = notification_list.mark_read(
        me().user_id, ids=json.ids, conversation_id=json.conversation_id, everything=json.all
    )
    return {"unread": left}


# --- pushes ------------------------------------------------------------------------------------


@bp.post("/api/app/notifications/push")
@requires("agent")
@api.validate(json=Subscription, resp=MADE, tags=["notifications"])
@limiter.limit("30 per hour")
def subscribe(json: Subscription):
    browser = request.headers.get("User-Agent", "")
    made = push_browsers.subscribe(me(), json.endpoint, json.keys.p256dh, json.keys.auth, browser)
    return {"id": made}, 201


@bp.delete("/api/app/notifications/push/<int:subscription_id>")
@requires("agent")
@api.validate(resp=GONE, tags=["notifications"])
def remove_subscription(subscription_id: int):
    push_browsers.unsubscribe(me().user_id, subscription_id)
    return "", 204


@bp.post("/api/app/notifications/push/test")
@requires("agent")
@api.validate(resp=OK, tags=["notifications"])
@limiter.limit("10 per minute")
def push_test():
    return {"browsers": push_browsers.want_test(me())}
