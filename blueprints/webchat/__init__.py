"""The hosted chat page, the widget's frame, and their API."""

from flask import Blueprint

bp = Blueprint("webchat", __name__)

from blueprints.webchat import pages, routes  # noqa: E402, F401
