"""What the desk shows about devices outside their screen: troubles, for admins."""

from flask import render_template

from blueprints.settings import bp
from cloudchat.channels.facebook_errors import explain
from cloudchat.messages import sentence
from cloudchat.models import Device
from cloudchat.services import devices, facebook_help
from cloudchat.web import me, requires


@bp.app_template_global("error_text")
def error_text(error: dict) -> str:
    """A device's or a message's error in words; the provider's own where we have none."""
    code = str(error.get("code") or "provider")
    return sentence(code, str(error.get("message") or code))


def _trouble(device: Device) -> str:
    """What a device died of; of a Facebook page in the words of its help."""
    failure = facebook_help.later_failure(device)
    return sentence(explain(failure).word) if failure else error_text(device.last_error or {})


@bp.get("/app/devices/troubles")
@requires("agent")
def device_troubles():
    """The banner of every page: devices that have stopped working, for those who can mend them."""
    rows = devices.in_trouble() if me().may("admin") else []
    troubles = [(row, _trouble(row)) for row in rows]
    return render_template("settings/_device_troubles.html", troubles=troubles)
