"""The settings page, the bell's list and the service worker."""

from flask import current_app, render_template, request
from flask_babel import gettext as _

from blueprints.notifications import bp
from blueprints.notifications.routes import page_of_notifications, settings_json
from blueprints.notifications.schemas import ListQuery
from cloudchat.services import notification_settings, push_browsers
from cloudchat.services.notification_kinds import KINDS, say
from cloudchat.services.notification_settings import SOUNDS
from cloudchat.web import me, public, requires

BELL_PAGE = 15


@bp.get("/app/settings/notifications")
@requires("agent")
def settings():
    chosen = settings_json(notification_settings.get(me().user_id))
    browsers = [] if me().acting else push_browsers.browsers(me().user_id)
    return render_template(
        "notifications/settings.html",
        settings=chosen,
        kinds=_kinds(),
        channels=_channels(),
        sounds=_sounds(),
        weekdays=_weekdays(),
        browsers=browsers,
    )


@bp.get("/app/notifications")
@requires("agent")
def bell():
    """What the bell's menu shows; later pages of it by cursor."""
    items, next_cursor = page_of_notifications(ListQuery(cursor=request.args.get("cursor"), limit=BELL_PAGE))
    chosen = settings_json(notification_settings.get(me().user_id))
    first = "cursor" not in request.args
    return render_template(
        "notifications/_bell.html" if first else "notifications/_items.html",
        items=items,
        next_cursor=next_cursor,
        settings=chosen,
    )


@bp.get("/app/service-worker.js")
@public("a script, the same for everybody; it lies here because its scope is its folder")
def service_worker():
    response = current_app.send_static_file("js/service-worker.js")
    response.headers["Cache-Control"] = "no-cache"
    return response


# --- words -------------------------------------------------------------------------------------


def _kinds() -> list[dict]:
    language = me().locale
    return [
        {"name": name, "label": say(kind.label, language), "help": say(kind.help, language)}
        for name, kind in KINDS.items()
        if kind.role in ("", me().role)
    ]


def _channels() -> list[tuple[str, str, str]]:
    return [
        ("in_app", _("Bell"), "bell"),
        ("sound", _("Sound"), "volume"),
        ("desktop", _("Desktop"), "device-desktop"),
        ("push", _("Push"), "device-mobile"),
    ]


def _sounds() -> list[tuple[str, str]]:
    names = {
        "chime": _("Chime"),
        "bell": _("Small bell"),
        "marimba": _("Marimba"),
        "drop": _("Drop"),
        "knock": _("Knock"),
        "alarm": _("Urgent"),
    }
    return [(name, names[name]) for name in SOUNDS]


def _weekdays() -> list[tuple[int, str]]:
    """Monday first, as calendars here have it; 0 is Sunday."""
    return [
        (1, _("Mon")),
        (2, _("Tue")),
        (3, _("Wed")),
        (4, _("Thu")),
        (5, _("Fri")),
        (6, _("Sat")),
        (0, _("Sun")),
    ]
