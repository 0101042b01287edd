"""Settings: devices, labels, canned replies and what else an admin keeps."""

from flask import Blueprint

bp = Blueprint("settings", __name__)

from blueprints.settings import device_pages, pages, routes, webhook_pages, webhook_routes  # noqa: E402, F401
