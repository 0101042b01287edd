"""Reports for managers: what the bots did."""

from flask import Blueprint

bp = Blueprint("reports", __name__)

from blueprints.reports import pages  # noqa: E402, F401
