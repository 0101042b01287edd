"""Broadcasts: made, watched, stopped; what a device can send; who wants none."""

from flask import Blueprint

bp = Blueprint("broadcast", __name__)

from blueprints.broadcast import opt_outs, pages, recipients, routes  # noqa: E402, F401
