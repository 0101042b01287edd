"""Help for the people at the desk: the guides of docs/, in their language, and which page each explains."""

import re
from pathlib import Path

from flask import abort, render_template, request, send_from_directory, url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from markdown_it import MarkdownIt
from markupsafe import Markup

from blueprints.settings import bp
from cloudchat.web import requires

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
# The order of the table of contents; `docs/<folder>/<name>.md`, in Indonesian `docs/<folder>/id/<name>.md`
CONTENTS = (
    (_l("Every day"), "guide", ("dashboard", "inbox", "contacts", "pipelines", "notifications")),
    (
        _l("Automatic answers and mailings"),
        "guide",
        ("chatbot", "queue", "shipping", "broadcasts", "templates"),
    ),
    (_l("Keeping an eye on it"), "guide", ("reports", "operator")),
    (_l("Setting up"), "guide", ("settings", "people", "devices", "webhooks", "security", "data")),
    (_l("Connecting a channel"), "providers", ("whatsapp", "wa-device", "telegram", "messenger", "webchat")),
)
FOLDERS = {name: folder for _heading, folder, names in CONTENTS for name in names}

# Which guide explains a page: by its endpoint, or else by what stands before the endpoint's dot
PAGES = {
    "dashboard": "dashboard",
    "inbox": "inbox",
    "contacts": "contacts",
    "contact": "contacts",
    "broadcast": "broadcasts",
    "chatbot": "chatbot",
    "chatbotqa": "chatbot",
    "chatbotschedule": "chatbot",
    "pipeline": "pipelines",
    "pipelinescreen": "pipelines",
    "reports": "reports",
    "queueing.report": "reports",
    "queueing": "queue",
    "division": "queue",
    "divisionagent": "queue",
    "user": "people",
    "invitation": "people",
    "device": "devices",
    "messenger": "messenger",
    "assistant": "chatbot",
    "ongkir": "shipping",
    "meta_templates": "templates",
    "metatemplate": "templates",
    "messagetemplate": "templates",
    "cannedreply": "templates",
    "notifications": "notifications",
    "auth": "security",
    "audit": "security",
    "settings.security": "security",
    "settings.login_rules_page": "security",
    "settings.webhooks": "webhooks",
    "settings.new_webhook": "webhooks",
    "settings.webhook": "webhooks",
    "settings.delivery": "webhooks",
    "settings.api_tokens": "webhooks",
    "settings.data": "data",
    "settings.contact_data": "data",
    "settings.ratings": "reports",
    "settings": "settings",
    "label": "settings",
    "deadevent": "settings",
    "operator": "operator",
}

_NAME = re.compile(r"[a-z-]{1,40}")
_PICTURE = re.compile(r"\]\((?:\.\./)+img/")
_GUIDE = re.compile(r"\]\((?:[a-z./]*/)?([a-z-]+)\.md\)")
_API = re.compile(r"`(/api/docs)`")
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def guide_of(endpoint: str | None) -> str | None:
    """The guide that explains a page."""
    return PAGES.get(endpoint or "") or PAGES.get((endpoint or "").rpartition(".")[0])


@bp.app_template_global("help_url")
def help_url() -> str:
    """Where the page that is being shown is explained."""
    name = guide_of(request.endpoint)
    return url_for("settings.guide", name=name) if name else url_for("settings.guides")


@bp.get("/app/help")
@requires("agent")
def guides():
    """The table of contents."""
    contents = [(heading, [(name, _text(name)[0]) for name in names]) for heading, _, names in CONTENTS]
    return render_template("settings/guides.html", contents=contents)


@bp.get("/app/help/<name>")
@requires("agent")
def guide(name: str):
    """One guide."""
    if not _NAME.fullmatch(name) or name not in FOLDERS:
        abort(404)
    title, text = _text(name)
    text = _PICTURE.sub(f"]({url_for('settings.guide_picture', name='')}", text)
    text = _GUIDE.sub(lambda found: f"]({url_for('settings.guide', name=found[1])})", text)
    text = _API.sub(r"[\1](\1)", text)
    # A wide table scrolls in itself, also by keyboard
    region = Markup(
        '<div class="table-responsive" tabindex="0" role="region" aria-label="{}"><table class="table">'
    )
    content = _markdown.render(text).replace("<table>", region.format(title))
    content = Markup(content.replace("</table>", "</table></div>"))
    return render_template("settings/guide.html", title=title, content=content)


@bp.get("/app/help/img/<path:name>")
@requires("agent")
def guide_picture(name: str):
    """A picture of the documentation."""
    return send_from_directory(DOCS / "img", name)


def _text(name: str) -> tuple[str, str]:
    """A guide's title and text in the reader's language; in English where there is no other."""
    folder = DOCS / FOLDERS[name]
    own = folder / str(get_locale()) / f"{name}.md"
    title, _, text = (own if own.is_file() else folder / f"{name}.md").read_text().partition("\n")
    return title.lstrip("# "), text
