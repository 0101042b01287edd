"""The words of the chat page's scripts, printed into it as JSON and read with `t(key)` of i18n.js."""

from flask_babel import gettext as _


def chat_texts() -> dict[str, str]:
    """Every text of the scripts in the language of the request, by key."""
    return _thread() | _composer() | _state() | _widget()


def _thread() -> dict[str, str]:
    return {
        "day.today": _("Today"),
        "day.yesterday": _("Yesterday"),
        "message.sending": _("Sending…"),
        "message.waiting": _("Will be sent when you are online"),
        "message.sent": _("Sent"),
        "message.read": _("Read"),
        "message.failed": _("Not sent"),
        "message.retry": _("Try again"),
        "message.remove": _("Delete"),
        "message.you": _("You"),
        "message.open_image": _("Open the image {name}"),
        "message.download": _("Download {name}"),
        "message.pending_file": _("This file is being prepared"),
        "message.failed_file": _("This file could not be fetched"),
        "message.location": _("Location"),
        "message.unsupported": _("This kind of message cannot be shown here."),
        "notice.connected": _("You are connected with {name}"),
        "notice.resolved": _("This conversation has ended. Write to start a new one."),
        "notice.new_session": _("Your earlier chat has expired. This is a new one."),
        "thread.new": _("{count} new messages"),
        "thread.new.one": _("{count} new message"),
        "thread.older": _("Show earlier messages"),
        "thread.older_failed": _("Earlier messages could not be loaded. Try again."),
        "typing.agent": _("{name} is typing"),
        "typing.someone": _("Someone is typing"),
    }


def _composer() -> dict[str, str]:
    return {
        "file.too_large": _("{name} is too large. A file may have at most 25 MB."),
        "file.empty": _("{name} is empty."),
        "file.refused": _("Files like {name} are not taken. Send a picture, video, audio, PDF or document."),
        "file.remove": _("Remove {name}"),
        "file.progress": _("Sent {percent}%"),
        "file.too_many": _("At most {count} files at once."),
        "text.too_long": _("{count} characters too many"),
        "text.too_long.one": _("{count} character too many"),
    }


def _state() -> dict[str, str]:
    return {
        "state.online": _("We reply here"),
        "state.agent": _("{name} is helping you"),
        "state.queue": _("You are number {place} in line"),
        "state.queue.minutes": _("You are number {place} in line, about {minutes} min"),
        "state.offline": _("You are offline. Your messages are kept and sent later."),
        "state.lost": _("Reconnecting…"),
        "state.closed": _("This chat is closed at the moment."),
        "error.load": _("Messages could not be loaded."),
        "error.too_many": _("Too many messages at once. Sending goes on in a moment."),
        "error.generic": _("Something went wrong. Please try again."),
        "sound.on": _("Turn sound on"),
        "sound.off": _("Turn sound off"),
    }


def _widget() -> dict[str, str]:
    return {
        "widget.open": _("Open chat"),
        "widget.close": _("Close chat"),
        "widget.title": _("Chat with {name}"),
        "widget.unread": _("Open chat, {count} unread messages"),
        "widget.unread.one": _("Open chat, {count} unread message"),
    }
