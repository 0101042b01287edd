"""Notifications: the bell, how one wants to be told, pushes to closed pages."""

from flask import Blueprint

bp = Blueprint("notifications", __name__)

from blueprints.notifications import pages, routes  # noqa: E402, F401
