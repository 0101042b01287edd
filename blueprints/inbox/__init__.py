"""The inbox: conversations and their messages."""

from flask import Blueprint

bp = Blueprint("inbox", __name__)

from blueprints.inbox import display, emoji, messages, pages, routes, trail_wording, wording  # noqa: E402, F401
