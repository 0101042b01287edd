"""What to do about a failure of Facebook's: links, what a connection died of later, a report for support."""

from cloudchat import config
from cloudchat.channels import facebook_errors
from cloudchat.channels.facebook_errors import Failure, Help, explain
from cloudchat.extensions import now
from cloudchat.models import Device
from cloudchat.services import presenting
from cloudchat.services.facebook_connect import redirect_uri


def link_of(helped: Help) -> str | None:
    """The address of the help, as this installation has it."""
    settings = config.active()
    if helped.link == "support":
        return settings.support_url or None
    known = facebook_errors.HELP_URLS | dict(settings.facebook_help_urls)
    return known.get(helped.link or "")


def later_failure(device: Device) -> Failure | None:
    """What a page's connection died of, from the error kept with its device."""
    error = device.last_error
    if device.type != "messenger" or not error:
        return None
    code, _, subcode = str(error.get("details") or "").partition("/")
    numbers = [int(part) if part.isdigit() and len(part) < 12 else None for part in (code, subcode)]
    own = str(error.get("code")) if str(error.get("code")) in facebook_errors.HELPS else None
    if own is None and error.get("code") in ("unreachable", "no_answer"):
        own = "fb_temporary"
    if own is None and error.get("code") == "no_token":
        own = "fb_token"
    return Failure(own, numbers[0], numbers[1], message=str(error.get("message") or ""), step="later")


def report(failure: Failure, connect_id: int | None, at: str | None) -> str:
    """What support needs, as text to copy: codes and ids, never a token."""
    settings = config.active()
    rows = {
        "Time": at or presenting.iso(now()),
        "Attempt": connect_id,
        "Step": failure.step,
        "Code": failure.code,
        "Subcode": failure.subcode,
        "Type": failure.type,
        "HTTP": failure.http,
        "Trace": failure.trace_id,
        "Message": failure.message,
        "Cause": explain(failure).word,
        "Graph": settings.meta_graph_version,
        "App": settings.meta_app_id,
        "Callback": redirect_uri(),
    }
    return "\n".join(f"{name}: {value}" for name, value in rows.items() if value not in (None, ""))
