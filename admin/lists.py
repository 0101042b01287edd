"""Screens of the small lists that an admin keeps: labels, canned replies, divisions."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import NumberRange
from wtforms.widgets import ColorInput

from admin.base import ScopedModelView
from admin.filters import ChoiceFilter
from admin.forms import ChecklistField, at_most, needed, text_field
from cloudchat.extensions import db
from cloudchat.models import CannedReply, Division, Label, User
from cloudchat.services import divisions, labels
from cloudchat.web import me

DELETE = (
    "delete",
    _l("Delete"),
    _l("Delete these: {names}? This cannot be undone."),
    "danger",
)


class LabelView(ScopedModelView):
    """Labels of conversations and contacts."""

    can_create = can_edit = can_delete = adds_several = True
    icon = "tags"
    lead = _l("Coloured words to sort conversations and contacts by.")
    empty_title = _l("No labels yet")
    empty_text = _l("Labels sort conversations and contacts, for example “Prospect” or “Complaint”.")
    create_label = _l("Add a label")
    search_label = _l("Search labels")
    column_list = ("name", "color", "created_at")
    column_labels = {"name": _l("Name"), "color": _l("Colour"), "created_at": _l("Created")}
    column_kinds = {"name": "label", "color": "code", "created_at": "time"}
    column_sortable_list = ("name", "created_at")
    column_searchable_list = ("name",)
    column_default_sort = "name"
    form_fields = {
        "name": text_field(_l("Name"), needed(), at_most(60)),
        "color": StringField(_l("Colour"), [needed()], widget=ColorInput(), default="#0d9488"),
    }
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(Label, name=_l("Labels"), url="labels")

    def create(self, values):
        return labels.save_label(Label(), values["name"], values["color"])

    def change(self, row, values):
        return labels.save_label(row, values["name"], values["color"])

    def remove(self, row):
        labels.delete_label(row.id)

    def delete_question(self, row):
        return _(
            "Delete the label “%(name)s”? It is taken off every conversation and contact.",
            name=row.name,
        )


class CannedReplyView(ScopedModelView):
    """Ready answers for the composer."""

    can_create = can_edit = can_delete = adds_several = True
    icon = "message-2"
    lead = _l("Ready answers. Agents type / and the shortcut while they write.")
    empty_title = _l("No canned replies yet")
    empty_text = _l("Write an answer once; agents insert it by typing / and its shortcut.")
    create_label = _l("Add a canned reply")
    search_label = _l("Search shortcuts and texts")
    column_list = ("shortcut", "text", "updated_at")
    column_labels = {"shortcut": _l("Shortcut"), "text": _l("Text"), "updated_at": _l("Changed")}
    column_kinds = {"shortcut": "shortcut", "text": "long", "updated_at": "time"}
    column_sortable_list = ("shortcut", "updated_at")
    column_searchable_list = ("shortcut", "text")
    column_default_sort = "shortcut"
    form_fields = {
        "shortcut": text_field(
            _l("Shortcut"),
            needed(),
            at_most(41),
            description=_l("Letters, digits, - and _. Agents type it after /."),
        ),
        "text": text_field(_l("Text"), needed(), at_most(4096), area=True),
    }
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(CannedReply, name=_l("Canned replies"), url="canned-replies")

    def create(self, values):
        made = CannedReply()
        return labels.save_canned_reply(made, values["shortcut"], values["text"], me().author_id)

    def change(self, row, values):
        return labels.save_canned_reply(row, values["shortcut"], values["text"], me().author_id)

    def remove(self, row):
        labels.delete_canned_reply(row.id)

    def delete_question(self, row):
        return _("Delete the canned reply “%(name)s”? Messages sent with it stay.", name=str(row))


class DivisionView(ScopedModelView):
    """Teams that customers choose from."""

    can_create = can_edit = can_delete = adds_several = True
    icon = "users-group"
    lead = _l("Teams that customers choose from, for example Billing or Sales.")
    empty_title = _l("No divisions yet")
    empty_text = _l("A division is a team. Its members see the conversations that are given to it.")
    create_label = _l("Add a division")
    search_label = _l("Search divisions")
    column_list = (
        "name",
        "keywords",
        "members",
        "position",
        "avg_handling_time_minutes",
        "show_wait_time",
        "auto_detect_keywords",
        "is_active",
    )
    columns_hidden_first = ("show_wait_time", "auto_detect_keywords")
    column_labels = {
        "name": _l("Name"),
        "keywords": _l("Keywords"),
        "members": _l("Members"),
        "position": _l("Position"),
        "avg_handling_time_minutes": _l("Handling minutes"),
        "show_wait_time": _l("Shows the wait"),
        "auto_detect_keywords": _l("Detects keywords"),
        "is_active": _l("Active"),
    }
    column_kinds = {
        "name": "link",
        "keywords": "long",
        "members": "names",
        "show_wait_time": "yes",
        "auto_detect_keywords": "yes",
        "is_active": "yes",
    }
    column_sortable_list = ("name", "position", "is_active")
    column_searchable_list = ("name", "description")
    column_default_sort = [("position", False), ("name", False)]
    column_filters = (
        ChoiceFilter(
            "active",
            Division.is_active,
            _l("State"),
            lambda: [("yes", _("Active")), ("no", _("Switched off"))],
            lambda value: Division.is_active.is_(value == "yes"),
        ),
    )
    form_fields = {
        "name": text_field(_l("Name"), needed(), at_most(255)),
        "description": text_field(
            _l("Description"),
            at_most(divisions.MAX_DESCRIPTION),
            area=True,
            description=_l("Customers see it in the menu."),
        ),
        "position": IntegerField(
            _l("Position"),
            [
                needed(),
                NumberRange(0, divisions.LARGEST_POSITION, _l("Choose a whole number from 0 to 10,000.")),
            ],
            default=0,
            description=_l("Smaller numbers come first in the menu."),
        ),
        "keywords": text_field(
            _l("Keywords"),
            description=_l("Separated by commas, for example: tagihan, bayar. Customers may type them."),
        ),
        "avg_handling_time_minutes": IntegerField(
            _l("Handling minutes"),
            [
                needed(),
                NumberRange(
                    1, divisions.MAX_MINUTES, _l("Choose a whole number of minutes from 1 to 1,440.")
                ),
            ],
            default=10,
            description=_l("How long a conversation takes, until enough were measured."),
        ),
        "show_wait_time": BooleanField(_l("Show the expected wait in the menu")),
        "auto_detect_keywords": BooleanField(_l("Suggest this division where a message has its keywords")),
        "is_active": BooleanField(
            _l("Active"),
            default=True,
            description=_l(
                "Only active divisions are offered. Who waits in one that is switched off is asked again."
            ),
        ),
        "members": ChecklistField(
            _l("Members"),
            query_factory=lambda: db.session.scalars(
                select(User).where(User.is_active).order_by(User.name, User.id)
            ),
            description=_l("They see and answer the division's conversations."),
        ),
    }
    bulk_actions = (DELETE,)

    def __init__(self):
        super().__init__(Division, name=_l("Divisions"), url="divisions")

    def annotate(self, rows):
        members = divisions.members_of([row.id for row in rows])
        for row in rows:
            row.members = members[row.id]
            row.keywords = ", ".join(row.keyword_triggers)

    def values(self, form):
        given = super().values(form)
        return {**given, "keyword_triggers": given.pop("keywords"), "members": form.members.ids}

    def field_of(self, form, name):
        return "keywords" if name == "keyword_triggers" else super().field_of(form, name)

    def create(self, values):
        return divisions.save(Division(), values)

    def change(self, row, values):
        return divisions.save(row, values)

    def remove(self, row):
        divisions.delete(row.id)

    def delete_question(self, row):
        return _(
            "Delete the division “%(name)s”? Its conversations stay, without a division; who waits in it is "
            "told and asked again.",
            name=row.name,
        )
