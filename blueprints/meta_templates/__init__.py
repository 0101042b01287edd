"""Templates: Meta's, our own, and what a device can send."""

from flask import Blueprint

bp = Blueprint("meta_templates", __name__)

from blueprints.meta_templates import own_routes, pages, routes  # noqa: E402, F401
