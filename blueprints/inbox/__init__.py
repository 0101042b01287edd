"""The inbox: conversations and their messages."""

from flask import Blueprint

bp = Blueprint("inbox", __name__)

from blueprints.inbox import routes  # noqa: E402, F401
