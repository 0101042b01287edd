"""What the desk shows about devices outside their screen: troubles for admins, the guides."""

import re
from pathlib import Path

from flask import abort, render_template, send_from_directory, url_for
from markdown_it import MarkdownIt
from markupsafe import Markup

from blueprints.settings import bp
from cloudchat.channels.facebook_errors import explain
from cloudchat.messages import sentence
from cloudchat.models import Device
from cloudchat.services import devices, facebook_help
from cloudchat.web import me, requires

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
_NAME = re.compile(r"[a-z-]{1,40}")
_markdown = MarkdownIt("commonmark", {"html": False})


@bp.app_template_global("error_text")
def error_text(error: dict) -> str:
    """A device's or a message's error in words; the provider's own where we have none."""
    code = str(error.get("code") or "provider")
    return sentence(code, str(error.get("message") or code))


def _trouble(device: Device) -> str:
    """What a device died of; of a Facebook page in the words of its help."""
    failure = facebook_help.later_failure(device)
    return sentence(explain(failure).word) if failure else error_text(device.last_error or {})


@bp.get("/app/devices/troubles")
@requires("agent")
def device_troubles():
    """The banner of every page: devices that have stopped working, for those who can mend them."""
    rows = devices.in_trouble() if me().may("admin") else []
    troubles = [(row, _trouble(row)) for row in rows]
    return render_template("settings/_device_troubles.html", troubles=troubles)


@bp.get("/app/help/<name>")
@requires("agent")
def guide(name: str):
    """A page of docs/providers."""
    path = DOCS / "providers" / f"{name}.md"
    if not _NAME.fullmatch(name) or not path.is_file():
        abort(404)
    text = path.read_text().replace("](../img/", f"]({url_for('settings.guide_picture', name='')}")
    title, _, rest = text.partition("\n")
    content = Markup(_markdown.render(rest))
    return render_template("settings/guide.html", title=title.lstrip("# "), content=content)


@bp.get("/app/help/img/<path:name>")
@requires("agent")
def guide_picture(name: str):
    """A picture of the documentation."""
    return send_from_directory(DOCS / "img", name)
