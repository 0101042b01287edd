"""The pipeline: boards of conversations, their editor, their analytics."""

from flask import Blueprint

bp = Blueprint("pipeline", __name__)

from blueprints.pipeline import analytics, card_routes, downloads, pages, routes, words  # noqa: E402, F401
