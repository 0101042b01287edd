"""Forms of the admin screens: our words for errors, a service's refusals beside their fields."""

from collections.abc import Callable

from flask import flash
from flask_admin.contrib.sqla.fields import QuerySelectMultipleField
from flask_admin.form import BaseForm
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import Form, StringField, TextAreaField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from cloudchat.errors import AppError
from cloudchat.messages import sentence

# WTForms' own sentences that our screens can show, so that they reach our catalogue.
WTFORMS_SENTENCES = (
    _l("This field is required."),
    _l("Not a valid choice."),
    _l("Not a valid choice"),
    _l("Not a valid integer value."),
    _l("Not a valid float value."),
    _l("Invalid input."),
)


class OurWords:
    """WTForms asks this for its sentences; ours are in the app's own catalogue."""

    def gettext(self, text: str) -> str:
        return gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return ngettext(one, many, count)


class ScreenForm(BaseForm):
    """The base of every screen's form. The CSRF token is the door's business, not the form's."""

    refused_by_service = False

    @property
    def is_refused(self) -> bool:
        return bool(self.errors) or self.refused_by_service

    class Meta:
        """Where its words come from."""

        def get_translations(self, form: Form) -> OurWords:
            return OurWords()


def needed() -> InputRequired:
    return InputRequired(_l("This is required."))


def at_most(length: int) -> Length:
    return Length(max=length, message=_l("Use at most %(max)d characters."))


def stripped(value: str | None) -> str | None:
    """Without blanks at the ends and without NUL, which PostgreSQL cannot keep."""
    return value.replace("\0", "").strip() if isinstance(value, str) else value


def text_field(label, *validators, area: bool = False, **kwargs):
    kind = TextAreaField if area else StringField
    return kind(label, list(validators), filters=[stripped], **kwargs)


class ChecklistField(QuerySelectMultipleField):
    """Several rows of a list, as checkboxes; the choices come from a query of this organization."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()
    is_checklist = True

    def pre_validate(self, form: Form) -> None:
        """Refuse what is no choice. Flask-Admin's own check overlooks it until the data was read once."""
        _ = self.data
        super().pre_validate(form)

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.data or ()]


def show_errors(form: ScreenForm, error: AppError, field_of: Callable[[Form, str], str]) -> None:
    """Put a service's findings beside the fields; what has no field becomes a message above."""
    form.refused_by_service = True
    left = []
    for name, codes in (error.fields or {error.code: [error.code]}).items():
        field = form._fields.get(field_of(form, name))
        words = [sentence(code, error.message or code) for code in codes]
        if field is None:
            left += words
        else:
            field.errors = [*field.errors, *words]
    for text in left:
        flash(text, "error")


def changed_labels(form: Form) -> str:
    """The labels of the fields whose value is another one now."""
    labels = [
        str(field.label.text)
        for field in form
        if field.data != field.object_data and not (field.data in (None, "") and not field.object_data)
    ]
    return ", ".join(labels)
