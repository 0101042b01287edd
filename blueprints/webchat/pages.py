"""The hosted chat page, the frame that the widget shows on other sites, and a shop to try it on."""

import re
from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, make_response, render_template, request
from flask_babel import force_locale, get_locale

from blueprints.webchat import bp
from blueprints.webchat.texts import chat_texts
from cloudchat.errors import NotFound
from cloudchat.languages import LOCALES
from cloudchat.pages import content_policy
from cloudchat.services import files, webchat_settings, webchat_visitors
from cloudchat.services.webchat_settings import ChatSettings
from cloudchat.web import public

ICONS = (
    "alert-circle",
    "arrow-down",
    "check",
    "checks",
    "clock",
    "download",
    "file-text",
    "map-pin",
    "message-circle",
    "paperclip",
    "photo",
    "player-play",
    "send",
    "volume",
    "volume-off",
    "wifi-off",
    "x",
)
SCRIPTS = ("alerts", "api", "bubble", "composer", "files", "host", "live", "main", "store", "thread", "view")
# What the file dialog offers; what is taken is decided by the bytes that arrive.
ACCEPT = (
    "image/jpeg,image/png,image/gif,image/webp,audio/*,video/mp4,video/3gpp,"
    ".pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.txt,.csv,.zip"
)
WIDGET_CACHE = "public, max-age=300, stale-while-revalidate=86400"


@bp.get("/chat/<public_key>")
@public("the chat page is for customers")
def page(public_key: str):
    return _chat_page(public_key, framed=False)


@bp.get("/chat/<public_key>/frame")
@public("the chat in the widget's frame is for customers")
def frame(public_key: str):
    return _chat_page(public_key, framed=True)


@bp.get("/chat/<public_key>/demo")
@public("a page to try the widget on")
def demo(public_key: str):
    with force_locale(_language()):
        settings = _settings(public_key)
        if settings is None:
            return _gone(framed=False)
        return render_template("webchat/demo.html", public_key=public_key, chat=settings)


def _chat_page(public_key: str, framed: bool) -> Response:
    with force_locale(_language()):
        settings = _settings(public_key)
        if settings is None:
            return _gone(framed)
        response = make_response(
            render_template(
                "webchat/chat.html",
                public_key=public_key,
                chat=settings,
                color=webchat_settings.valid_color(request.args.get("color")) or settings.color,
                framed=framed,
                texts=chat_texts(),
                accept=ACCEPT,
                max_file=files.MAX_SIZE,
                icon_symbols=icon_symbols(),
                scripts=SCRIPTS,
            )
        )
    return _framable(response, settings) if framed else response


def _settings(public_key: str) -> ChatSettings | None:
    try:
        return webchat_visitors.chat_settings(webchat_visitors.open_chat(public_key))
    except NotFound:
        return None


def _gone(framed: bool) -> Response:
    """A customer must not land on the desk's error page; the widget's launcher stays away by itself."""
    response = make_response(render_template("webchat/gone.html"), 404)
    if framed:
        response.headers["Content-Security-Policy"] = content_policy("*")
    return response


def _framable(response: Response, settings: ChatSettings) -> Response:
    """The only response that other sites may frame; without X-Frame-Options, which cannot name them."""
    ancestors = webchat_settings.frame_ancestors(settings)
    response.headers["Content-Security-Policy"] = content_policy(ancestors)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _language() -> str:
    """`?lang=` where it is one of ours, else what the browser asks for."""
    wanted = request.args.get("lang", "")
    return wanted if wanted in LOCALES else str(get_locale())


@lru_cache(maxsize=1)
def _sprite(path: Path, _changed: float) -> dict[str, str]:
    return {
        match["name"]: match[0]
        for match in re.finditer(r'<symbol id="(?P<name>[\w-]+)".*?</symbol>', path.read_text(), re.S)
    }


def icon_symbols() -> str:
    """The few icons of this page, printed into it: the whole sprite is many times larger."""
    path = Path(current_app.static_folder) / "vendor" / "icons.svg"
    if not path.is_file():
        return ""
    known = _sprite(path, path.stat().st_mtime)
    # Their ids live among the page's own.
    return "".join(known.get(name, "").replace('id="', 'id="i-', 1) for name in ICONS)


@bp.after_app_request
def let_sites_embed(response: Response) -> Response:
    """The widget's script is made for other sites; they may load it even under their strictest rules."""
    if request.endpoint == "static" and request.path == "/static/widget.js":
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Cache-Control"] = WIDGET_CACHE
    return response
