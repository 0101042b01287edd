"""The contact form: what it sends, and errors beside its fields."""

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from blueprints.contacts import bp
from cloudchat.errors import AppError
from cloudchat.fields import LARGEST_ID
from cloudchat.messages import sentence


def read_form(form: MultiDict) -> dict:
    """The values of the contact form as services take them. Everything a form shows is sent, so what
    is missing was emptied."""
    names = [name.strip() for name in form.getlist("field_name")]
    values = [value.strip() for value in form.getlist("field_value")]
    pairs = zip(names, values, strict=False)
    label_ids = [value for value in form.getlist("labels") if value.isascii() and value.isdigit()]
    return {
        "name": form.get("name", "").strip(),
        "phone": form.get("phone", "").strip() or None,
        "email": form.get("email", "").strip() or None,
        "labels": [int(value) for value in label_ids if int(value[:12]) <= LARGEST_ID],
        "custom_fields": {name: value for name, value in pairs if name or value},
    }


@bp.app_template_global()
def contact_field_word(name: str) -> str:
    return {
        "name": _("Name"),
        "phone": _("Phone"),
        "email": _("Email"),
        "labels": _("Labels"),
        "custom_fields": _("Custom fields"),
    }[name]


@bp.app_template_global()
def contact_field_text(name: str, value, labels: list) -> str:
    """A field's value in words: labels by name, custom fields one a line."""
    if name == "labels":
        return ", ".join(label.name for label in labels if label.id in value)
    if name == "custom_fields":
        return "\n".join(f"{key}: {text}" for key, text in value.items())
    return value or ""


def errors_by_field(error: AppError) -> dict[str, list[str]]:
    """Sentences for people, by the form's fields."""
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}
