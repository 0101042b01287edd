"""Health, metrics and the API document."""

from flask import Blueprint

bp = Blueprint("system", __name__)

from blueprints.system import installing, routes  # noqa: E402, F401
