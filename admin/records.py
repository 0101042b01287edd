"""The screen of events that could not be handled."""

from flask import flash, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from admin.base import ScopedModelView
from admin.filters import ChoiceFilter, DayFilter
from cloudchat.extensions import db
from cloudchat.models import Device, WebhookEvent
from cloudchat.services import audit, devices, stored_events


def device_choices() -> list[tuple[int, str]]:
    return [(row.id, row.name) for row in devices.all_devices()]


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
        stored_events.replay(row.id)

    @expose("/replay/", methods=("POST",))
    def replay_view(self):
        """Take one event up again, from its own page."""
        row = self.get_one(request.form.get("id"))
        if self.attempted(lambda: self.perform("replay", row)):
            flash(_("The event is being handled once more."), "success")
        return redirect(self.get_url(".index_view"))
