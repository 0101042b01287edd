"""Settings: devices, labels, canned replies and what else an admin keeps."""

from flask import Blueprint

bp = Blueprint("settings", __name__)

from blueprints.settings import api_tokens, device_pages, login_rules, pages, routes  # noqa: E402, F401
