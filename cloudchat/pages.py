"""What all pages share: language, helpers for templates, security headers."""

import hashlib
from pathlib import Path

from flask import Flask, current_app, g, request
from flask_babel import get_locale
from werkzeug.local import LocalProxy
from werkzeug.routing import IntegerConverter

from cloudchat import config
from cloudchat.js_texts import js_texts
from cloudchat.languages import LOCALES
from cloudchat.services import unread
from cloudchat.web import public


class RowIdConverter(IntegerConverter):
    """An id of an integer column: larger numbers match nothing, so they are a plain 404."""

    def __init__(self, url_map, *args, **kwargs):
        kwargs.setdefault("max", 2**31 - 1)
        super().__init__(url_map, *args, **kwargs)


class BigIdConverter(IntegerConverter):
    """The same for a bigint column."""

    def __init__(self, url_map, *args, **kwargs):
        kwargs.setdefault("max", 2**63 - 1)
        super().__init__(url_map, *args, **kwargs)


CONVERTERS = {"int": RowIdConverter, "bigint": BigIdConverter}


def init_app(app: Flask) -> None:
    app.context_processor(_context)
    app.after_request(security_headers)
    # Imported macros see globals only, not what context processors give.
    app.jinja_env.globals |= {
        "static_url": static_url,
        "has_endpoint": lambda name: name in current_app.view_functions,
        "js_texts": js_texts,
    }
    public("scripts and styles are the same for everybody")(app.view_functions["static"])
    app.config["STATIC_VERSION"] = _static_version(Path(app.static_folder))
    app.add_url_rule("/static/v-<version>/<path:filename>", endpoint="versioned_static", view_func=_versioned)


@public("scripts and styles are the same for everybody")
def _versioned(version: str, filename: str):
    return current_app.send_static_file(filename)


def _static_version(folder: Path) -> str:
    """One version for all files: modules import each other by relative paths, so they change together."""
    facts = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            facts.update(f"{path}{path.stat().st_size}{path.stat().st_mtime_ns}".encode())
    return facts.hexdigest()[:12]


def static_url(name: str) -> str:
    """A static file's address, which changes with every installation of new files."""
    # Built by hand: a page has hundreds of icons, and each of them asks
    return f"{current_app.static_url_path}/v-{current_app.config['STATIC_VERSION']}/{name}"


def _context() -> dict:
    identity = g.get("identity")
    return {
        "me": identity,
        "locale": str(get_locale() or LOCALES[0]),
        "frame": _frame(identity),
    }


def _frame(identity) -> LocalProxy:
    """What the frame shows of its reader, asked of the database once, and only if a template shows it."""

    def figures() -> unread.Frame:
        if "frame" not in g:
            g.frame = unread.for_page(identity.user_id) if identity is not None else unread.Frame()
        return g.frame

    return LocalProxy(figures)


def content_policy(frame_ancestors: str = "'none'", charts: bool = False) -> str:
    """Our Content-Security-Policy; only a page that is made to be embedded names who may frame it,
    and only one with charts lets scripts write styles (Plotly does)."""
    inline = " 'unsafe-inline'" if charts else ""
    socket = config.active().public_url.replace("http", "ws", 1)
    return (
        f"default-src 'self'; script-src 'self'; style-src 'self'{inline}; img-src 'self' data: blob:; "
        f"media-src 'self' blob:; connect-src 'self' {socket}; font-src 'self'; object-src 'none'; "
        f"base-uri 'none'; form-action 'self'; frame-ancestors {frame_ancestors}"
    )


def security_headers(response):
    """Strict headers on everything; a route that needs other ones sets them itself."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if "frame-ancestors 'none'" in headers["Content-Security-Policy"]:
        headers.setdefault("X-Frame-Options", "DENY")
    if config.active().secure_cookies:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint == "versioned_static" and response.status_code == 200:
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = 31_536_000
        response.cache_control.immutable = True
    elif request.endpoint == "static":
        response.cache_control.max_age = 300
    elif "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response
