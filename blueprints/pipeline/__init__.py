"""The pipeline: boards of conversations, their editor, their analytics."""

from flask import Blueprint

bp = Blueprint("pipeline", __name__)

from blueprints.pipeline import card_routes, routes  # noqa: E402, F401
