"""The division queue: divisions, who waits, availability, and the pages that show them."""

from flask import Blueprint

bp = Blueprint("queueing", __name__)

from blueprints.queueing import agents, divisions, pages, routes, wording  # noqa: E402, F401
