"""What providers call."""

from flask import Blueprint

bp = Blueprint("webhooks", __name__)

from blueprints.webhooks import routes  # noqa: E402, F401
from blueprints.webhooks.lane import Lane  # noqa: E402, F401
