"""The home page: what is going on today, and the first steps of a new organization."""

from flask import Blueprint

bp = Blueprint("dashboard", __name__)

from blueprints.dashboard import pages  # noqa: E402, F401
