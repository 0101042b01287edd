"""Screens of templates: Meta's, to look over, and our own message templates."""

from flask import flash, redirect
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField

from admin.base import ScopedModelView
from admin.device_fields import TYPES
from admin.filters import ChoiceFilter
from admin.forms import at_most, needed, text_field
from admin.lists import DELETE
from cloudchat.extensions import db
from cloudchat.models import MessageTemplate, MetaTemplate
from cloudchat.models.templates import APPROVED
from cloudchat.services import message_templates
from cloudchat.services.meta_templates import catalog, syncing, writing
from cloudchat.template_words import CATEGORIES, QUALITIES, REASONS, STATUSES
from cloudchat.web import me


def status_choices() -> list[tuple[str, str]]:
    return [(status, str(words)) for status, (words, _kind) in STATUSES.items()]


def language_choices() -> list[tuple[str, str]]:
    return [(code, code) for code in catalog.languages()]


def waba_choices() -> list[tuple[str, str]]:
    statement = select(MetaTemplate.waba_id).where(MetaTemplate.deleted_at.is_(None)).distinct()
    return [(waba_id, waba_id) for waba_id in sorted(db.session.scalars(statement))]


class MetaTemplateView(ScopedModelView):
    """What the organization has at Meta. Texts are made and changed in the builder, not here."""

    can_view_details = can_delete = True
    list_template = "admin/meta_templates.html"
    details_template = "admin/meta_template.html"
    icon = "template"
    lead = _l("All templates of all WhatsApp accounts, as Meta has them. Texts are written in the builder.")
    empty_title = _l("No templates yet")
    empty_text = _l("Fetch those that your account has at Meta, or make the first one in the builder.")
    empty_link = ("meta_templates.index", _l("Templates"))
    search_label = _l("Search names and reasons")
    column_list = ("name", "language", "category", "status", "quality", "device_name", "last_synced_at")
    column_details_list = (
        *("name", "language", "category", "requested_category", "status", "quality"),
        *("rejected_reason", "rejection_details", "waba_id", "device_name", "meta_id"),
        *("created_at", "updated_at", "last_synced_at", "components"),
    )
    columns_hidden_first = ("category",)
    column_labels = {
        "name": _l("Name"),
        "language": _l("Language"),
        "category": _l("Category"),
        "requested_category": _l("Category asked for"),
        "status": _l("Status"),
        "quality": _l("Quality"),
        "rejected_reason": _l("Refused because"),
        "rejection_details": _l("In Meta's words"),
        "waba_id": _l("WABA"),
        "device_name": _l("Device"),
        "meta_id": _l("ID at Meta"),
        "created_at": _l("Created"),
        "updated_at": _l("Changed"),
        "last_synced_at": _l("Fetched"),
        "components": _l("Parts"),
    }
    column_kinds = {
        "name": "link",
        "language": "code",
        "category": "word",
        "requested_category": "word",
        "status": "badge",
        "quality": "badge",
        "rejected_reason": "word",
        "waba_id": "code",
        "meta_id": "code",
        "created_at": "time",
        "updated_at": "time",
        "last_synced_at": "time",
        "components": "json",
    }
    column_texts = {
        "status": {status: (kind, words, "") for status, (words, kind) in STATUSES.items()},
        "quality": {quality: (kind, words, "") for quality, (words, kind) in QUALITIES.items()}
        | {"UNKNOWN": ("", _l("Not rated yet"), "")},
    }
    column_sortable_list = ("name", "language", "status", "last_synced_at")
    column_searchable_list = ("name", "rejection_details")
    column_default_sort = [("name", False), ("language", False)]
    column_filters = (
        ChoiceFilter("waba", MetaTemplate.waba_id, _l("WABA"), waba_choices),
        ChoiceFilter("status", MetaTemplate.status, _l("Status"), status_choices),
        ChoiceFilter("language", MetaTemplate.language, _l("Language"), language_choices),
    )
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(MetaTemplate, name=_l("Meta templates"), url="meta-templates")

    def get_query(self):
        return super().get_query().filter(MetaTemplate.deleted_at.is_(None))

    def get_count_query(self):
        return super().get_count_query().filter(MetaTemplate.deleted_at.is_(None))

    def annotate(self, rows):
        names = {row.id: row.name for row in catalog.official_devices()}
        for row in rows:
            row.device_name = names.get(row.device_id, "")

    def word_for(self, name, value):
        """What the column says in words (templates/admin/_cells.html)."""
        return (REASONS if name == "rejected_reason" else CATEGORIES).get(value, value)

    def render(self, template, **kwargs):
        kwargs.setdefault("syncable", bool(catalog.official_devices()))
        return super().render(template, **kwargs)

    @expose("/sync/", methods=("POST",))
    def sync_view(self):
        """Have the templates of every WhatsApp account fetched."""
        count = syncing.request_all()
        if count:
            flash(_("Fetching from Meta has begun. New templates appear here in a moment."), "info")
        else:
            flash(_("No official WhatsApp device with a WABA ID is connected."), "error")
        return redirect(self.list_url)

    def remove(self, row):
        """One by one, after the question that says what it means; an approved one never in bulk."""
        writing.delete(row.id, confirmed=True)

    def perform(self, action, row):
        writing.delete(row.id, confirmed=False)

    def delete_question(self, row):
        asked = _(
            "Delete “%(name)s” (%(language)s)? It is deleted at Meta as well.",
            name=row.name,
            language=row.language,
        )
        if row.status == APPROVED:
            asked += " " + _("It is approved and may be in use; its name is blocked for 30 days.")
        return asked


class MessageTemplateView(ScopedModelView):
    """Our own texts with `{name}`-like fields."""

    can_create = can_edit = can_delete = adds_several = True
    icon = "message-2"
    lead = _l(
        "Your own texts for Telegram, Messenger, web chat and WhatsApp devices. Fields such as {name} are "
        "filled in when sending."
    )
    empty_title = _l("No message templates yet")
    empty_text = _l("A text that you send often, with fields for what differs.")
    create_label = _l("New message template")
    search_label = _l("Search name or text")
    column_list = ("name", "body", "device_type", "updated_at")
    column_labels = {
        "name": _l("Name"),
        "body": _l("Text"),
        "device_type": _l("For"),
        "updated_at": _l("Changed"),
    }
    column_kinds = {"name": "link", "body": "long", "device_type": "channel", "updated_at": "time"}
    column_sortable_list = ("name", "updated_at")
    column_searchable_list = ("name", "body")
    column_default_sort = "name"
    form_fields = {
        "name": text_field(_l("Name"), needed(), at_most(message_templates.LONGEST_NAME)),
        "body": text_field(
            _l("Text"),
            needed(),
            at_most(message_templates.LONGEST_BODY),
            area=True,
            description=_l("Write what differs in braces: Halo {name}, pesanan {order} sudah dikirim."),
        ),
        "device_type": SelectField(
            _l("For"),
            choices=[("", _l("All devices"))]
            + [(kind, text.name) for kind, text in TYPES.items() if kind != "wa_official"],
            default="",
        ),
    }
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(MessageTemplate, name=_l("Message templates"), url="message-templates")

    def create(self, values):
        return message_templates.save(MessageTemplate(), values, me().author_id)

    def change(self, row, values):
        return message_templates.save(row, values)

    def remove(self, row):
        message_templates.delete(row.id)
