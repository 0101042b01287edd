"""CloudChat as an app on a phone or desktop: what it is called, and its page for when there is no network."""

from flask import Response, jsonify, render_template
from flask_babel import gettext as _

from blueprints.system import bp
from cloudchat import languages, pages
from cloudchat.web import public

SHORTCUTS = (
    ("Inbox", "/app/inbox"),
    ("Contacts", "/app/contacts"),
    ("Reports", "/app/reports"),
)
ICONS = (
    ("img/app-192.png", "192x192", "any"),
    ("img/app-512.png", "512x512", "any"),
    ("img/app-maskable-512.png", "512x512", "maskable"),
)


@bp.get("/app/manifest.webmanifest")
@public("what the browser installs under; the same for everybody")
def manifest() -> Response:
    icons = [
        {"src": pages.static_url(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for path, sizes, purpose in ICONS
    ]
    names = {"Inbox": _("Inbox"), "Contacts": _("Contacts"), "Reports": _("Reports")}
    answer = jsonify(
        id="/app/",
        name="CloudChat",
        short_name="CloudChat",
        description=_("All chats with customers in one inbox"),
        lang=languages.locale(),
        start_url="/app/dashboard",
        scope="/app/",
        display="standalone",
        theme_color="#0d9488",
        background_color="#ffffff",
        icons=icons,
        shortcuts=[{"name": names[name], "url": url} for name, url in SHORTCUTS],
    )
    answer.mimetype = "application/manifest+json"
    return answer


@bp.get("/app/offline")
@public("shown without a network; holds nothing of anybody")
def offline():
    return render_template("system/offline.html", locale=languages.locale())
