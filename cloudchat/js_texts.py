"""The words that scripts show, printed into every page as JSON and read with `t(key)` of i18n.js.

Braces are filled in by the script. A key that ends in `.one` is taken instead of its plain twin when
`count` is one in a language that tells them apart.
"""

from flask_babel import gettext as _


def js_texts() -> dict[str, str]:
    """Every text of the scripts in the language of the request, by key."""
    return _common() | _errors() | _frame() | _times() | _shortcuts()


def _common() -> dict[str, str]:
    return {
        "ok": _("OK"),
        "cancel": _("Cancel"),
        "close": _("Close"),
        "undo": _("Undo"),
        "retry": _("Try again"),
        "confirm.title": _("Are you sure?"),
        "form.changed": _("Changed: {fields}"),
        "form.required": _("Please fill this in."),
        "form.too_short": _("Please use at least {count} characters."),
        "form.bad_email": _("Please write an email address like name@example.com."),
        "form.invalid": _("Please check this value."),
        "password.show": _("Show password"),
        "password.hide": _("Hide password"),
    }


def _errors() -> dict[str, str]:
    return {
        "error.generic": _("Something went wrong. Please try again."),
        "error.network": _("No connection to the server. Check your internet connection."),
        "error.session": _("Your session has ended. Log in again to go on."),
        "error.forbidden": _("Your role does not allow this."),
        "error.not_found": _("It no longer exists. It may have been deleted."),
        "error.too_many": _("Too many attempts. Wait a moment, then try again."),
        "error.too_large": _("This is too large to send."),
        "error.login": _("Log in"),
        "error.reload": _("Reload"),
    }


def _frame() -> dict[str, str]:
    return {
        "connection.lost": _("Disconnected, reconnecting…"),
        "connection.offline": _("You are offline. What is new appears once you are back."),
        "connection.polling": _("Live updates are blocked here. Checking every 5 seconds."),
        "connection.session": _("Your session has ended."),
        "sidebar.collapse": _("Collapse the menu"),
        "sidebar.expand": _("Expand the menu"),
    }


def _times() -> dict[str, str]:
    return {
        "time.now": _("just now"),
        "time.minutes": _("{count} min"),
        "time.yesterday": _("yesterday {time}"),
    }


def _shortcuts() -> dict[str, str]:
    return {
        "shortcuts.title": _("Keyboard shortcuts"),
        "shortcuts.general": _("General"),
        "shortcuts.page": _("This page"),
        "shortcuts.then": _("then"),
        "shortcuts.help": _("Show this list"),
        "shortcuts.enabled": _("Use keyboard shortcuts"),
    }
