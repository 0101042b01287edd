"""The sentences of our errors, by machine word, in the caller's language."""

from flask_babel import lazy_gettext as _


def sentence(code: str, fallback: str = "") -> str:
    """What a person reads for a machine word; the fallback where we have no sentence."""
    known = SENTENCES.get(code)
    return str(known) if known else fallback or code


def validation(kind: str, fallback: str) -> str:
    """What a person reads for one of pydantic's findings."""
    known = FINDINGS.get(kind)
    return str(known) if known else fallback


FINDINGS = {
    "missing": _("This is required."),
    "string_too_short": _("This is too short."),
    "string_too_long": _("This is too long."),
    "int_parsing": _("A whole number is needed."),
    "int_type": _("A whole number is needed."),
    "bool_parsing": _("True or false is needed."),
    "string_type": _("Text is needed."),
    "list_type": _("A list is needed."),
    "too_long": _("There are too many."),
    "literal_error": _("This is not one of the choices."),
    "datetime_from_date_parsing": _("A date and time are needed."),
    "datetime_parsing": _("A date and time are needed."),
    "greater_than_equal": _("This is too small."),
    "less_than_equal": _("This is too large."),
}

SENTENCES = {
    "bad_request": _("The request could not be understood."),
    "unauthorized": _("Please log in."),
    "wrong_credentials": _("The e-mail address or the password is wrong."),
    "forbidden": _("Your role does not allow this."),
    "csrf": _("The page was open too long. Reload it and try again."),
    "bad_signature": _("The signature does not match."),
    "not_found": _("This was not found."),
    "method_not_allowed": _("This address does not take such a request."),
    "unsupported_media_type": _("Send JSON with Content-Type application/json."),
    "conflict": _("Somebody else has changed this meanwhile."),
    "stale_version": _("Somebody else has changed this meanwhile. Look again."),
    "payload_too_large": _("This is too large."),
    "invalid": _("Some fields need to be corrected."),
    "too_many_requests": _("Too many tries. Wait a moment."),
    "unavailable": _("A part of the service is away for the moment. Please try again shortly."),
    "internal": _("Something went wrong on our side. Please try again."),
    "required": _("This is required."),
    "too_long": _("This is too long."),
    "unknown": _("This is not one of the choices."),
    "unsupported": _("This kind is not supported."),
    "in_the_past": _("Choose a time in the future."),
    "invalid_cursor": _("The cursor is not one of ours."),
    "still_running": _("The first request with this key is still running."),
    "key_reused": _("This key was used for another request."),
    "password_short": _("Use at least 10 characters."),
    "password_long": _("Use at most 200 characters."),
    "wrong_password": _("The present password is wrong."),
    "email_invalid": _("This is not an e-mail address."),
    "email_taken": _("This e-mail address is already in use."),
    "role_unknown": _("Choose admin, manager or agent."),
    "own_account": _("You cannot deactivate your own account."),
    "own_organization": _("You cannot do this to the organization that you belong to."),
    "capacity_invalid": _("Choose a whole number from 0 to 1,000."),
    "position_invalid": _("Choose a whole number from 0 to 10,000."),
    "timezone_unknown": _("Choose a time zone from the list."),
    "reason_needed": _("Say in 5 to 500 characters why."),
    "session_needed": _("This needs a login in a browser, not an API token."),
    "acting_user": _("You act as another organization, so there is no account of yours here."),
    "last_admin": _("An organization needs at least one active admin."),
    "phone_invalid": _("This is not a phone number. Example: 0812-3456-7890."),
    "custom_fields_invalid": _("At most 50 fields, names up to 60 and values up to 1,000 characters."),
    "merge_self": _("Choose another contact to merge with."),
    "merge_too_many_fields": _("Together they have more than 50 custom fields. Remove some first."),
    "bulk_size": _("Choose 1 to 1,000 contacts."),
    "import_too_large": _("The file may have at most 5 MB. Split it and import the parts."),
    "import_too_many_rows": _(
        "The file has more than 50,000 rows. Split it and import the parts one after the other."
    ),
    "import_too_many_columns": _("The file has more than 100 columns. Leave out what is not needed."),
    "import_no_rows": _("The file has a heading and no rows under it."),
    "import_is_workbook": _(
        "This is an Excel workbook. Save it as CSV (File, Save as, CSV UTF-8) and choose that file."
    ),
    "import_not_text": _("This is not a CSV file. Save the table as CSV and choose that file."),
    "import_open_quote": _("A quotation mark in the file is never closed. Correct it and try again."),
    "import_no_key": _("Choose the column that holds the phone number or the e-mail address."),
    "import_target_twice": _("Phone, e-mail and labels can each be only one column."),
    "import_started": _("This import has begun or ended already."),
    "import_nothing": _("There is no row that can be imported."),
    "import_file_gone": _("The file is no longer kept. Upload it again."),
    "import_too_many_cells": _("This line has more cells than the heading. Is a quotation mark missing?"),
    "import_row_no_key": _("Neither a phone number nor an e-mail address."),
    "import_phone_shortened": _(
        "The spreadsheet has shortened this number. Format the column as text and save again."
    ),
    "import_labels": _("A label has at most 60 characters, a contact at most 50 labels."),
    "import_value_too_long": _("A custom field has at most 1,000 characters."),
    "unknown_label": _("There is no such label."),
    "unknown_agent": _("There is no such agent."),
    "name_taken": _("This name is already in use."),
    "color_invalid": _("Choose a colour such as #0d9488."),
    "shortcut_invalid": _("Use letters, digits, - and _, at most 40."),
    "account_in_use": _("This account is already connected."),
    "device_off": _("The device of this conversation is switched off or removed."),
    "window_closed": _("The 24-hour window has closed. Send a template, or wait until the customer writes."),
    "conversation_resolved": _("The conversation is resolved. Reopen it to answer."),
    "newer_open": _("This contact already has a newer open conversation on this device."),
    "not_failed": _("Only a failed message can be sent again."),
    "not_unknown": _("The outcome of this message is known already."),
    "already_sent": _("The message is already on its way."),
    "file_too_large": _("A file may have at most 25 MB."),
    "file_too_large_for_channel": _("The file is too large for this channel."),
    "file_empty": _("The file is empty."),
    "file_type_refused": _("Files of this kind are not taken."),
    "cancelled": _("Taken back before it was sent."),
    "origin_refused": _("This chat may not be used from this website."),
    "origin_invalid": _("Write origins such as https://www.example.com, without a path."),
    "chat_session": _("This chat has expired. Reload the page."),
    "unknown_outcome": _("It is not known whether the message arrived."),
    "device_removed": _("The device was removed before the message was sent."),
}
