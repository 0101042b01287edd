"""Connecting Facebook pages by Facebook's login."""

from flask import Blueprint

bp = Blueprint("messenger", __name__)

from blueprints.messenger import pages, routes  # noqa: E402, F401
