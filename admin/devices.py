"""The devices screen: connecting channel accounts, their health, their addresses."""

import base64

from flask import flash, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from admin.base import ScopedModelView
from admin.device_facts import in_words
from admin.device_fields import TEXTS, TYPES, form_class, offered_types
from admin.device_guides import GUIDES
from admin.filters import ChoiceFilter
from cloudchat import config
from cloudchat.errors import NotFound, ProviderError
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.models import Conversation, Device
from cloudchat.services import connecting, device_tests, facebook_help, presenting
from cloudchat.services.device_fields import FIELDS

STATES = {
    "connected": ("green", _l("Connected"), "plug-connected"),
    "needs_reauth": ("red", _l("Connect again"), "alert-triangle"),
    "disconnected": ("amber", _l("Disconnected"), "plug-connected-x"),
}


def type_choices() -> list[tuple[str, str]]:
    return [(kind, str(text.name)) for kind, text in offered_types()]


def _shown(value):
    """A setting as its field shows it; the API also takes lists, a field has a line for each."""
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


class DeviceView(ScopedModelView):
    """Connected channel accounts."""

    can_create = can_edit = can_delete = can_view_details = True
    details_template = "admin/device.html"
    create_template = edit_template = "admin/device_form.html"
    icon = "device-mobile"
    lead = _l("Accounts through which customers reach you.")
    empty_title = _l("No devices yet")
    empty_text = _l("Connect WhatsApp, or start with a web chat: it needs no account anywhere.")
    create_label = _l("Connect a device")
    submit_label = _l("Connect")
    delete_label = _l("Remove")
    search_label = _l("Search devices")
    column_list = ("name", "type", "status", "is_active", "last_in_at", "last_out_at", "created_at")
    column_details_list = ("type", "status", "is_active", "last_in_at", "last_out_at", "created_at")
    column_labels = {
        "name": _l("Name"),
        "type": _l("Channel"),
        "status": _l("Status"),
        "is_active": _l("Active"),
        "last_in_at": _l("Last received"),
        "last_out_at": _l("Last sent"),
        "created_at": _l("Connected since"),
    }
    column_kinds = {
        "name": "link",
        "type": "channel",
        "status": "badge",
        "is_active": "yes",
        "last_in_at": "time",
        "last_out_at": "time",
        "created_at": "time",
    }
    columns_hidden_first = ("created_at",)
    column_texts = {"status": STATES}
    column_sortable_list = ("name", "type", "status", "last_in_at", "last_out_at", "created_at")
    column_searchable_list = ("name",)
    column_default_sort = "name"
    column_filters = (
        ChoiceFilter("type", Device.type, _l("Channel"), type_choices),
        ChoiceFilter(
            "status",
            Device.status,
            _l("Status"),
            lambda: [(state, str(text[1])) for state, text in STATES.items()],
        ),
    )

    def __init__(self):
        super().__init__(Device, name=_l("Devices"), url="devices")

    def get_query(self):
        return super().get_query().filter(Device.deleted_at.is_(None))

    def get_count_query(self):
        return super().get_count_query().filter(Device.deleted_at.is_(None))

    # --- forms ---------------------------------------------------------------------------------

    @property
    def kind(self) -> str | None:
        """The kind that the address of the create page names."""
        wanted = request.args.get("type", "")
        return wanted if wanted in FIELDS else None

    def create_form(self, obj=None):
        if self.kind is None:
            if request.method == "POST":
                raise NotFound("device type")
            return super().create_form(obj)  # empty: the page offers the kinds
        return form_class(self.kind, is_new=True)(request.form if request.method == "POST" else None)

    def edit_form(self, obj=None):
        made = form_class(obj.type, is_new=False)
        posted = request.form if request.method == "POST" else None
        plain = {key: _shown(obj.config.get(key)) for key in FIELDS[obj.type].plain}
        return made(posted, data={"name": obj.name, "is_active": obj.is_active, **plain})

    def values(self, form):
        given = super().values(form)
        values = {"name": given.pop("name")}
        if "is_active" in given:
            values["is_active"] = given.pop("is_active")
        values["config"] = {key: value or "" for key, value in given.items()}
        return values

    def field_of(self, form, name):
        """An account in use is said beside the number that names it."""
        return form.account_field if name == "config" else super().field_of(form, name)

    def create(self, values):
        return connecting.create(self.kind, values["name"], values["config"], strict=True)

    def change(self, row, values):
        return connecting.change(row.id, values, strict=True)

    def remove(self, row):
        connecting.remove(row.id)

    def created(self, made):
        if made.status == "connected":
            told = _("“%(name)s” is connected. Test it, then send a first message.", name=made.name)
            flash(told, "success")
        else:
            flash(_("“%(name)s” is kept. One step is left: see below.", name=made.name), "info")
        return redirect(self.get_url(".details_view", id=made.id))

    # --- one device ----------------------------------------------------------------------------

    def render(self, template, **kwargs):
        row = kwargs.get("model")
        if row is not None:
            kwargs["facts"] = presenting.device(row, config.active().public_url)
            kwargs["trouble"] = facebook_help.later_failure(row)
            kwargs["talks"] = device_tests.recent(row.id) if template == self.details_template else []
        return super().render(
            template,
            types=offered_types(),
            kind=row.type if row is not None else self.kind,
            type_texts=TYPES,
            guides=GUIDES,
            field_label=lambda key: TEXTS[key].label if key in TEXTS else key,
            public_url=config.active().public_url,
            **kwargs,
        )

    @expose("/check/", methods=("POST",))
    def check_view(self):
        """Ask the provider whether the account works; the answer is drawn into the page."""
        row = self.get_one(request.form.get("id"))
        facts, error = {}, None
        try:
            facts = connecting.check(row.id)
        except ProviderError as failure:
            error = failure
        return super().render("admin/_device_check.html", facts=in_words(facts), error=error)

    @expose("/reconnect/", methods=("POST",))
    def reconnect_view(self):
        """Have the provider send us what happens once more, with the secrets that we have."""
        row = self.get_one(request.form.get("id"))
        error = connecting.register(row.id)
        if error is None:
            flash(_("The device is connected anew. Nothing of its history has changed."), "success")
        else:
            flash(sentence(error.code or "", error.message), "error")
        return redirect(self.get_url(".details_view", id=row.id))

    @expose("/link/")
    def link_view(self):
        """The code to scan, or that the phone is linked; the page asks for it every few seconds."""
        row = self.get_one(request.args.get("id"))
        found, error = None, None
        try:
            found = connecting.link(row.id)
        except ProviderError as failure:
            error = sentence(failure.code or "", failure.message)
        if found is None and error is None:
            raise NotFound("link")
        picture = base64.b64encode(found.picture).decode() if found and found.picture else None
        return super().render(
            "admin/_device_link.html", link=found, picture=picture, error=error, device_id=row.id
        )

    @expose("/test-message/", methods=("POST",))
    def test_message_view(self):
        """Send one message to somebody who wrote, to see the whole way work."""
        row = self.get_one(request.form.get("id"))
        talk = request.form.get("conversation_id", "")
        if self.attempted(lambda: device_tests.send(row.id, int(talk) if talk.isdigit() else 0)):
            flash(_("The test message is on its way. Its ticks appear in the conversation."), "success")
        return redirect(self.get_url(".details_view", id=row.id))

    def delete_question(self, row):
        count = db.session.scalar(select(func.count(Conversation.id)).where(Conversation.device_id == row.id))
        return _(
            "Remove “%(name)s”? It stops receiving and sending at once and its access token is "
            "deleted. Its %(count)s conversations stay readable.",
            name=row.name,
            count=count,
        )

    def removed_text(self, name):
        return _("“%(name)s” was removed. Its conversations stay readable.", name=name)
