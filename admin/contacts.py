"""The contacts screen: the whole record of a customer, also what the contact page leaves out."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from wtforms import TextAreaField

from admin.base import ScopedModelView
from admin.filters import ChoiceFilter, DayFilter
from admin.forms import ChecklistField, at_most, stripped, text_field
from admin.lists import DELETE
from cloudchat.extensions import db
from cloudchat.models import Contact, ContactIdentity, ContactLabel, Conversation, Device, Label
from cloudchat.services import contacts, labels


class LinesField(TextAreaField):
    """Named values, one `name: value` a line."""

    def _value(self) -> str:
        if self.raw_data:
            return self.raw_data[0]
        return "\n".join(f"{name}: {value}" for name, value in (self.data or {}).items())

    def process_formdata(self, valuelist):
        text = stripped(valuelist[0]) if valuelist else ""
        self.data = {}
        for line in filter(None, map(str.strip, (text or "").splitlines())):
            name, colon, value = line.partition(":")
            if not colon or not name.strip():
                raise ValueError(_("Write each line as “name: value”."))
            self.data[name.strip()] = value.strip()


class ContactView(ScopedModelView):
    """Customers, with labels, custom fields and how each device knows them."""

    can_create = can_edit = can_delete = can_view_details = can_export = True
    icon = "address-book"
    lead = _l("Every record that the desk keeps of your customers.")
    empty_title = _l("No contacts yet")
    empty_text = _l("Contacts appear by themselves when customers write, or you add them here.")
    create_label = _l("Add a contact")
    search_label = _l("Search name, phone or email")
    column_list = ("name", "phone", "email", "labels", "created_at", "updated_at")
    column_details_list = (*column_list, "custom_fields", "identities", "conversations")
    column_export_list = ("name", "phone", "email", "created_at")
    column_labels = {
        "name": _l("Name"),
        "phone": _l("Phone"),
        "email": _l("Email"),
        "labels": _l("Labels"),
        "created_at": _l("Created"),
        "updated_at": _l("Changed"),
        "custom_fields": _l("Custom fields"),
        "identities": _l("Known to devices as"),
        "conversations": _l("Conversations"),
    }
    column_kinds = {
        "name": "link",
        "labels": "labels",
        "created_at": "time",
        "updated_at": "time",
        "custom_fields": "pairs",
        "identities": "pairs",
    }
    column_sortable_list = ("name", "created_at", "updated_at")
    column_searchable_list = ("name", "phone", "email")
    column_default_sort = ("updated_at", True)
    column_filters = (
        ChoiceFilter(
            "label",
            Contact.id,
            _l("Label"),
            lambda: [(label.id, label.name) for label in labels.all_labels()],
            lambda value: Contact.id.in_(
                select(ContactLabel.contact_id).where(ContactLabel.label_id == value)
            ),
        ),
        DayFilter("from", Contact.created_at, _l("Created from")),
        DayFilter("until", Contact.created_at, _l("Created until"), until=True),
    )
    form_fields = {
        "name": text_field(_l("Name"), at_most(255)),
        "phone": text_field(_l("Phone"), at_most(32), description=_l("For example 0812-3456-7890.")),
        "email": text_field(_l("Email"), at_most(255)),
        "labels": ChecklistField(
            _l("Labels"),
            query_factory=lambda: db.session.scalars(
                select(Label).order_by(func.lower(Label.name), Label.id)
            ),
        ),
        "custom_fields": LinesField(
            _l("Custom fields"), description=_l("One “name: value” a line, at most 50.")
        ),
    }
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(Contact, name=_l("Contacts"), url="contacts")

    def annotate(self, rows):
        found = contacts.labels_of([row.id for row in rows])
        for row in rows:
            row.labels = found[row.id]

    def get_one(self, id):
        row = super().get_one(id)
        known = db.session.execute(
            select(Device.name, ContactIdentity.external_id)
            .join(ContactIdentity, ContactIdentity.device_id == Device.id)
            .where(ContactIdentity.contact_id == row.id)
            .order_by(Device.name)
        )
        row.identities = {name: external_id for name, external_id in known}
        row.conversations = db.session.scalar(
            select(func.count(Conversation.id)).where(Conversation.contact_id == row.id)
        )
        return row

    def values(self, form):
        return {**super().values(form), "labels": form.labels.ids}

    def create(self, values):
        return contacts.create(values)

    def change(self, row, values):
        return contacts.change(row.id, values)

    def remove(self, row):
        contacts.delete(row.id)

    def delete_question(self, row):
        return _(
            "Delete “%(name)s” with all conversations and messages? This cannot be undone.",
            name=row.name,
        )
