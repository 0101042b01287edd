"""The sentences of our errors, by machine word, in the caller's language."""

from flask_babel import gettext as _


def sentence(code: str, fallback: str = "") -> str:
    """What a person reads for a machine word; the fallback where we have no sentence."""
    known = _sentences().get(code)
    return known or fallback or code


def validation(kind: str, fallback: str) -> str:
    """What a person reads for one of pydantic's findings."""
    by_kind = {
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
    return by_kind.get(kind, fallback)


def _sentences() -> dict[str, str]:
    return {
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
        "last_admin": _("An organization needs at least one active admin."),
        "phone_invalid": _("This is not a phone number. Example: 0812-3456-7890."),
        "custom_fields_invalid": _(
            "At most 50 fields, names up to 60 and values up to 1,000 characters."
        ),
        "merge_self": _("Choose another contact to merge with."),
        "unknown_label": _("There is no such label."),
        "unknown_agent": _("There is no such agent."),
        "name_taken": _("This name is already in use."),
        "color_invalid": _("Choose a colour such as #0d9488."),
        "shortcut_invalid": _("Use letters, digits, - and _, at most 40."),
        "account_in_use": _("This account is already connected."),
        "device_off": _("The device of this conversation is switched off or removed."),
        "window_closed": _(
            "The 24-hour window has closed. Send a template, or wait until the customer writes."
        ),
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
        "chat_session": _("This chat has expired. Reload the page."),
        "unknown_outcome": _("It is not known whether the message arrived."),
        "device_removed": _("The device was removed before the message was sent."),
    }
