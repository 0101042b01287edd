"""Screens of what happened: the audit log, and events that could not be handled."""

from flask import flash, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from admin.audit_texts import ACTIONS, object_word
from admin.base import ScopedModelView
from admin.filters import ChoiceFilter, DayFilter
from cloudchat.extensions import db
from cloudchat.models import AuditEntry, Device, User, WebhookEvent
from cloudchat.services import audit, devices, intake


def action_choices() -> list[tuple[str, str]]:
    return sorted(((action, str(text)) for action, text in ACTIONS.items()), key=lambda pair: pair[1])


def user_choices() -> list[tuple[int, str]]:
    rows = db.session.execute(select(User.id, User.name).order_by(User.name, User.id))
    return [(row.id, row.name) for row in rows]


def device_choices() -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in devices.all_devices()]


class AuditView(ScopedModelView):
    """Who changed what; rows are only ever added."""

    can_view_details = can_export = True
    icon = "history"
    lead = _l("Who changed what, and when. Nobody can change or delete these lines.")
    empty_title = _l("Nothing was recorded yet")
    empty_text = _l("Logins and changes of settings appear here.")
    search_label = _l("Search names and actions")
    column_list = ("created_at", "action", "actor_name", "object_type", "object_id", "ip")
    column_details_list = (*column_list, "data")
    column_export_list = (
        "created_at",
        "action",
        "actor_name",
        "object_type",
        "object_id",
        "ip",
        "data",
    )
    column_labels = {
        "created_at": _l("Time"),
        "action": _l("Action"),
        "actor_name": _l("By"),
        "object_type": _l("Concerns"),
        "object_id": _l("Number"),
        "ip": _l("Address"),
        "data": _l("Details"),
    }
    column_kinds = {
        "created_at": "time",
        "action": "badge",
        "actor_name": "actor",
        "object_type": "word",
        "object_id": "code",
        "ip": "code",
        "data": "pairs",
    }
    column_texts = {"action": {action: ("", text, "") for action, text in ACTIONS.items()}}
    column_sortable_list = ("created_at",)
    column_searchable_list = ("actor_name", "action", "object_type")
    column_default_sort = ("id", True)
    column_filters = (
        ChoiceFilter("action", AuditEntry.action, _l("Action"), action_choices),
        ChoiceFilter("user", AuditEntry.actor_id, _l("User"), user_choices),
        DayFilter("from", AuditEntry.created_at, _l("From")),
        DayFilter("until", AuditEntry.created_at, _l("Until"), until=True),
    )

    def __init__(self):
        super().__init__(AuditEntry, name=_l("Audit log"), url="audit")

    def word_for(self, name, value):
        """What the column says in words (templates/admin/_cells.html)."""
        return object_word(value)

    def get_export_value(self, model, name):
        if name == "object_type" and model.object_type:
            return object_word(model.object_type)
        return super().get_export_value(model, name)

    def annotate(self, rows):
        """An actor who is no user of this organization was the operator of the installation."""
        ids = {row.actor_id for row in rows if row.actor_id}
        own = set(db.session.scalars(select(User.id).where(User.id.in_(ids))))
        for row in rows:
            row.by_operator = row.actor_id is not None and row.actor_id not in own

    def row_name(self, row):
        return str(ACTIONS.get(row.action, row.action))


class DeadEventView(ScopedModelView):
    """Provider events that failed five times; the queue behind them went on."""

    can_view_details = True
    details_template = "admin/event.html"
    icon = "webhook"
    lead = _l("Messages and receipts from providers that failed five times. The others went on.")
    empty_title = _l("No failed events")
    empty_text = _l("Everything that providers sent was handled.")
    search_label = _l("Search provider numbers and errors")
    column_list = ("received_at", "device", "kind", "attempts", "error", "dead_at")
    column_details_list = (*column_list, "provider_id", "payload")
    column_labels = {
        "received_at": _l("Received"),
        "device": _l("Device"),
        "kind": _l("Kind"),
        "attempts": _l("Tries"),
        "error": _l("Error"),
        "dead_at": _l("Given up"),
        "provider_id": _l("Provider's number"),
        "payload": _l("Content"),
    }
    column_kinds = {
        "received_at": "time",
        "dead_at": "time",
        "kind": "code",
        "attempts": "number",
        "error": "long",
        "provider_id": "code",
        "payload": "json",
    }
    column_sortable_list = ("received_at", "dead_at", "kind", "attempts")
    column_searchable_list = ("provider_id", "error")
    column_default_sort = ("dead_at", True)
    column_filters = (
        ChoiceFilter("device", WebhookEvent.device_id, _l("Device"), device_choices),
        DayFilter("from", WebhookEvent.received_at, _l("Received from")),
        DayFilter("until", WebhookEvent.received_at, _l("Received until"), until=True),
    )
    bulk_actions = (("replay", _l("Try again"), _l("Handle the chosen events once more?"), ""),)

    def __init__(self):
        super().__init__(WebhookEvent, name=_l("Failed events"), url="events", endpoint="deadevent")

    def get_query(self):
        return super().get_query().filter(WebhookEvent.dead_at.is_not(None))

    def get_count_query(self):
        return super().get_count_query().filter(WebhookEvent.dead_at.is_not(None))

    def annotate(self, rows):
        ids = {row.device_id for row in rows}
        names = dict(db.session.execute(select(Device.id, Device.name).where(Device.id.in_(ids))).all())
        for row in rows:
            row.device = names.get(row.device_id, "")

    def row_name(self, row):
        return row.provider_id

    def perform(self, action, row):
        audit.record("event.replayed", row, provider_id=row.provider_id)
        intake.replay(row.id)

    @expose("/replay/", methods=("POST",))
    def replay_view(self):
        """Take one event up again, from its own page."""
        row = self.get_one(request.form.get("id"))
        if self.attempted(lambda: self.perform("replay", row)):
            flash(_("The event is being handled once more."), "success")
        return redirect(self.get_url(".index_view"))
