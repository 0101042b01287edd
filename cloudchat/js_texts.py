"""The words that scripts show, printed into every page as JSON and read with `t(key)` of i18n.js.

Braces are filled in by the script. A key that ends in `.one` is taken instead of its plain twin when
`count` is one in a language that tells them apart.
"""

from flask_babel import get_locale
from flask_babel import gettext as _

_by_language: dict[str, dict[str, str]] = {}


def js_texts() -> dict[str, str]:
    """Every text of the scripts in the language of the request, by key; looked up once per language."""
    language = str(get_locale())
    if language not in _by_language:
        _by_language[language] = _all()
    return _by_language[language]


def _all() -> dict[str, str]:
    frame = _common() | _errors() | _frame() | _times() | _shortcuts() | _notifications()
    return frame | _inbox() | _queue() | _divisions() | _pipeline() | _ongkir() | _reports()


def _reports() -> dict[str, str]:
    return {
        "reports.solved": _("Taught. {count} questions count as solved."),
        "reports.solved.one": _("Taught. One question counts as solved."),
        "reports.unsolved": _("The answer is taken back."),
    }


def _ongkir() -> dict[str, str]:
    return {
        "ongkir.verifying": _("Verifying…"),
        "ongkir.loading": _("Loading…"),
        "ongkir.saved": _("Saved."),
        "ongkir.looking": _("Asking the couriers…"),
        "ongkir.no_service": _("No courier goes there with this weight."),
        "ongkir.copied": _("Copied."),
    }


def _pipeline() -> dict[str, str]:
    """What every page may have to say; the board's own words come with the board."""
    return {
        "pipeline.off": _("The conversation is off the pipeline"),
        "pipeline.notice_open": _("Open it"),
    }


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
        "time.under_a_minute": _("<1 min"),
        "time.hours": _("{hours} h {minutes} min"),
        "time.days": _("{count} d"),
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


def _notifications() -> dict[str, str]:
    return {
        "notifications.bell": _("{count} new notifications"),
        "notifications.bell.one": _("{count} new notification"),
        "notifications.bell_empty": _("Notifications"),
        "notifications.blocked": _("Something new has come in. Your browser blocks its sound."),
        "notifications.allow": _("Allow sound"),
        "notifications.open": _("Open it"),
        "notifications.saved": _("Saved."),
        "notifications.snoozed.hour": _("Alerts are snoozed for an hour"),
        "notifications.snoozed.tomorrow": _("Alerts are snoozed until tomorrow morning"),
        "notifications.woken": _("You are alerted again"),
        **_desktop_and_push(),
        **_alert_test(),
    }


def _desktop_and_push() -> dict[str, str]:
    return {
        "notifications.desktop.granted": _("Allowed. They appear also while you work in another program."),
        "notifications.desktop.default": _("Your browser has not asked you yet."),
        "notifications.desktop.denied": _(
            "Your browser blocks them. Press the icon left of the address, open the site's settings and "
            "allow notifications; then reload this page."
        ),
        "notifications.desktop.unsupported": _(
            "This browser shows none, or the address does not begin with https://."
        ),
        "notifications.push.on": _("On in this browser. Logging out ends it."),
        "notifications.push.off": _("Off in this browser."),
        "notifications.push.denied": _("Allow desktop notifications first."),
        "notifications.push.unsupported": _(
            "This browser takes no pushes here. On an iPhone or iPad add CloudChat to the home screen first."
        ),
        "notifications.push.failed": _(
            "The browser could not register for pushes. Check its connection, then try again."
        ),
    }


def _alert_test() -> dict[str, str]:
    return {
        "notifications.test.title": _("A test from CloudChat"),
        "notifications.test.body": _("This is how you are told of news."),
        "notifications.test.sound_played": _(
            "The sound was played. You heard nothing? Look at the volume of the computer and of this tab."
        ),
        "notifications.test.sound_blocked": _(
            "Your browser blocks the sound. Allow sound for this site in its settings, then try again."
        ),
        "notifications.test.sound_muted": _("Sound is switched off in this browser, in the bell's menu."),
        "notifications.test.sound_silent": _("The volume is 0, so there is nothing to hear."),
        "notifications.test.desktop_shown": _(
            "A desktop notification was shown. You saw none? "
            "Look whether the computer is set to do not disturb."
        ),
        "notifications.test.desktop_failed": _("The desktop notification could not be shown."),
        "notifications.test.desktop_denied": _(
            "Your browser blocks desktop notifications for this site; below it says what to do."
        ),
        "notifications.test.desktop_default": _("You have not answered your browser's question. Try again."),
        "notifications.test.desktop_unsupported": _(
            "This browser shows no desktop notifications at this address."
        ),
        "notifications.test.push_sent": _("A push is on its way to your browsers."),
        "notifications.test.push_failed": _("The push could not be sent. Try again in a minute."),
        "notifications.test.push_off": _("Pushes are off in this browser."),
        "notifications.test.quiet_now": _("It is quiet now: real alerts do not sound at this moment."),
    }


def _inbox() -> dict[str, str]:
    return _inbox_list() | _inbox_thread() | _inbox_composer() | _inbox_keys()


def _inbox_list() -> dict[str, str]:
    return {
        "inbox.new_from": _("New message from {name}"),
        "inbox.rows_above": _("{count} new"),
        "inbox.selected": _("{count} selected"),
        "inbox.select_most": _("At most {count} at a time."),
        "inbox.bulk_done": _("{count} conversations resolved"),
        "inbox.bulk_done.one": _("{count} conversation resolved"),
        "inbox.changed_meanwhile": _("{name} has just changed this to: {value}"),
        "inbox.keep_mine": _("Keep mine"),
        "inbox.somebody": _("Somebody"),
        "inbox.bulk_changed": _("{count} conversations changed"),
        "inbox.bulk_changed.one": _("{count} conversation changed"),
        "inbox.bulk_failed": _("Not possible for {count}: {reason}"),
    }


def _inbox_thread() -> dict[str, str]:
    return {
        "inbox.today": _("Today"),
        "inbox.yesterday": _("Yesterday"),
        "inbox.to_end": _("To the newest"),
        "inbox.messages_below": _("{count} new messages"),
        "inbox.messages_below.one": _("{count} new message"),
        "inbox.says": _("{name}: {text}"),
        "inbox.an_attachment": _("an attachment"),
        "inbox.typing": _("{name} is typing…"),
        "inbox.viewing": _("{name} is looking at this too"),
        "inbox.gone": _("You cannot see this conversation any more. Somebody else may have it now."),
        "inbox.you": _("You"),
        "inbox.taken_by": _("{name} has taken this conversation meanwhile."),
        "inbox.assign_anyway": _("Assign anyway"),
        "inbox.open_it": _("Open it"),
        "inbox.given_back": _("The bot has the conversation again"),
        "inbox.done.resolved": _("Conversation resolved"),
        "inbox.done.snoozed": _("Conversation snoozed"),
        "inbox.done.pending": _("Conversation set to pending"),
        "inbox.again.title": _("Send again?"),
        "inbox.again.question": _("If the first one did arrive, the customer gets the message twice."),
        "inbox.again.label": _("Send again"),
        "inbox.note.title": _("Delete this note?"),
        "inbox.note.question": _("The note is deleted for everybody. This cannot be undone."),
        "inbox.note.label": _("Delete note"),
    }


def _inbox_composer() -> dict[str, str]:
    return {
        "inbox.template.title": _("Send a template"),
        "inbox.template.search": _("Search name or text"),
        "inbox.template.none": _("There is no template that this device can send."),
        "inbox.template.field": _("Value for {name}"),
        "inbox.template.file.image": _("Picture of the header"),
        "inbox.template.file.video": _("Video of the header"),
        "inbox.template.file.document": _("Document of the header"),
        "inbox.template.sample": _("Use the template's sample"),
        "inbox.template.place.latitude": _("Latitude"),
        "inbox.template.place.longitude": _("Longitude"),
        "inbox.template.place.name": _("Name of the place"),
        "inbox.template.place.address": _("Address of the place"),
        "inbox.template.uploading": _("Uploading…"),
        "inbox.template.button": _("Value for button {count}"),
        "inbox.template.back": _("Choose another"),
        "inbox.template.send": _("Send"),
        "inbox.draft.busy": _("Drafting…"),
        "inbox.draft.done": _("Draft inserted. Read it before you send it."),
        "inbox.draft.elsewhere": _("The draft waits in its conversation."),
        "inbox.draft.waits": _("The draft waits until you switch to Reply."),
        "inbox.characters_left": _("{count} left"),
        "inbox.window.hours": _("{count} h to answer"),
        "inbox.window.minutes": _("{count} min to answer"),
        "inbox.window.closed": _("Window closed"),
        "inbox.window.why": _("WhatsApp takes free text until 24 hours after the customer's last message."),
        "inbox.closed.window_template": _(
            "The 24-hour window has closed. Send an approved template now, or wait until the customer writes."
        ),
        "inbox.closed.window": _(
            "The 24-hour window has closed. You can answer once the customer writes again."
        ),
        "inbox.closed.resolved": _("This conversation is resolved. Reopen it to answer."),
        "inbox.closed.device": _("The device of this conversation is switched off or removed."),
        "inbox.file.too_many": _("At most {count} files at a time."),
        "inbox.file.type": _("This channel does not take files of this kind."),
        "inbox.file.empty": _("This file is empty."),
        "inbox.file.size": _("Too large: at most {size} on this channel."),
    }


def _inbox_keys() -> dict[str, str]:
    return {
        "inbox.keys.group": _("Inbox"),
        "inbox.keys.next": _("Next conversation"),
        "inbox.keys.previous": _("Previous conversation"),
        "inbox.keys.open": _("Open it"),
        "inbox.keys.select": _("Select"),
        "inbox.keys.reply": _("Reply"),
        "inbox.keys.note": _("Private note"),
        "inbox.keys.assign": _("Assign"),
        "inbox.keys.label": _("Label"),
        "inbox.keys.snooze": _("Snooze"),
        "inbox.keys.resolve": _("Resolve or reopen"),
        "inbox.keys.out": _("Back"),
    }


def _queue() -> dict[str, str]:
    return {
        "availability.offline": _("Going offline"),
        "availability.open": _("You have {count} open conversations. What becomes of them?"),
        "availability.open.one": _("You have {count} open conversation. What becomes of it?"),
        "availability.keep": _("Keep them with me"),
        "availability.requeue": _("Back to the queue"),
        "queue.place": _("no. {place}"),
        "queue.assigned": _("{name} has an agent now."),
        "queue.over_capacity": _("This agent has as many open conversations as they take. Assign it anyway?"),
        "queue.assign_anyway": _("Assign anyway"),
        "queue.cancel_question": _(
            "Remove {name} from the queue? The conversation stays in the inbox, and nobody gets it by itself."
        ),
        "queue.cancel_it": _("Remove from the queue"),
        "queue.transferred": _("Transferred to {name}."),
        "queue.saved": _("Saved. {changes}"),
        "queue.saved_same": _("Saved."),
        "queue.preview.hello": _("Hello"),
        "queue.preview.menu": _("The customer chooses"),
        "queue.preview.waiting": _("The customer waits"),
        "queue.preview.assigned": _("An agent has it"),
        "queue.preview.left": _("The customer left the queue"),
        "queue.preview.needs_human": _("Needs a human"),
        "queue.preview.none": _("In the inbox, without a division"),
        "inbox.keys.transfer": _("Transfer"),
    }


def _divisions() -> dict[str, str]:
    return {
        "divisions.lifted": _(
            "{name} picked up, place {place} of {count}. Arrow keys move it, Space puts it down."
        ),
        "divisions.moved": _("{name} is at place {place} of {count}."),
        "divisions.dropped": _("{name} put down at place {place} of {count}."),
        "divisions.put_back": _("{name} is back at place {place}."),
        "divisions.chosen": _("{count} chosen"),
        "divisions.remove_word": _("Remove the keyword {word}"),
        "divisions.deleted": _("The division was deleted."),
        "divisions.closing": _("{name} goes as soon as everybody who waits in it has been seen to."),
    }
