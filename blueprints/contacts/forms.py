"""The contact form: what it sends, and errors beside its fields."""

from werkzeug.datastructures import MultiDict

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


def errors_by_field(error: AppError) -> dict[str, list[str]]:
    """Sentences for people, by the form's fields."""
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}
