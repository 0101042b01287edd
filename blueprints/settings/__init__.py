"""Settings: devices, labels, canned replies and what else an admin keeps."""

from flask import Blueprint

bp = Blueprint("settings", __name__)

from blueprints.settings import (  # noqa: E402
    api_tokens,  # noqa: F401
    data_pages,  # noqa: F401
    data_routes,  # noqa: F401
    device_pages,  # noqa: F401
    guides,  # noqa: F401
    login_rules,  # noqa: F401
    pages,  # noqa: F401
    ratings,  # noqa: F401
    routes,  # noqa: F401
    webhook_pages,  # noqa: F401
    webhook_routes,  # noqa: F401
)
