"""Settings: devices, labels, canned replies and what else an admin keeps."""

from flask import Blueprint

bp = Blueprint("settings", __name__)

from blueprints.settings import (  # noqa: E402
    data_pages,  # noqa: F401
    data_routes,  # noqa: F401
    device_pages,  # noqa: F401
    pages,  # noqa: F401
    routes,  # noqa: F401
    webhook_pages,  # noqa: F401
    webhook_routes,  # noqa: F401
)
