"""Reports: what bots, agents and divisions did, and what stands behind each figure."""

from flask import Blueprint

bp = Blueprint("reports", __name__)

from blueprints.reports import desk, lists, pages, routes, wording  # noqa: E402, F401
