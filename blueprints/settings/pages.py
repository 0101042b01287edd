"""Pages of the settings: general, security. Others have a module of their own; the rest are admin screens."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.settings import bp
from cloudchat.errors import AppError, Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import members, organizations
from cloudchat.services.accounts import second_factor
from cloudchat.web import me, requires

INDONESIAN_ZONES = ("Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura")


def _errors_of(error: AppError) -> dict[str, list[str]]:
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}


def timezone_options() -> list[tuple[str, str]]:
    """The three zones of Indonesia by their own names, then all others by theirs."""
    own = [
        ("Asia/Jakarta", _("Western Indonesia Time (WIB), Asia/Jakarta")),
        ("Asia/Makassar", _("Central Indonesia Time (WITA), Asia/Makassar")),
        ("Asia/Jayapura", _("Eastern Indonesia Time (WIT), Asia/Jayapura")),
    ]
    others = sorted(zone for zone in organizations.timezones() if "/" in zone or zone == "UTC")
    return own + [(zone, zone) for zone in others if zone not in INDONESIAN_ZONES]


@bp.get("/app/settings")
@requires("agent")
def index():
    """The first page of the list that this person may open."""
    return redirect(url_for("settings.general" if me().may("admin") else "settings.security"))


@bp.route("/app/settings/general", methods=["GET", "POST"])
@requires("admin")
def general():
    organization = organizations.get(me().organization_id)
    values = {name: getattr(organization, name) for name in ("name", "timezone", "locale")}
    errors: dict = {}
    if request.method == "POST":
        values |= {name: request.form.get(name, "") for name in values}
        try:
            organizations.change(organization.id, values)
            flash(_("Saved."), "success")
            return redirect(url_for("settings.general"))
        except Invalid as error:
            db.session.rollback()
            errors = _errors_of(error)
    page = render_template(
        "settings/general.html", values=values, errors=errors, timezones=timezone_options()
    )
    return Response(page, 422 if errors else 200)


# --- the own account ---------------------------------------------------------------------------

BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"))
BROWSERS += (("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"))
SYSTEMS += (("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"))


@bp.app_template_filter()
def browser_name(user_agent: str | None) -> str:
    """Chrome, Windows: what a person recognizes of a browser's long signature."""
    sent = user_agent or ""
    names = [next((name for sign, name in known if sign in sent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, names)) or sent[:60] or _("Unknown browser")


@bp.get("/app/settings/security")
@requires("agent")
def security():
    rows = [] if me().acting else members.sessions_of(me().user_id)
    return render_template(
        "settings/security.html", rows=rows, second_factor=second_factor.state(me().user_id)
    )


@bp.post("/app/settings/security/sessions/<int:session_id>/end")
@requires("agent")
def end_session(session_id: int):
    if session_id == me().session_id:
        raise Conflict("own_session", code="own_session")
    members.end_own_session(me().user_id, session_id)
    flash(_("That browser is logged out."), "success")
    return redirect(url_for("settings.security"))


@bp.post("/app/settings/security/sessions/end-others")
@requires("agent")
def end_other_sessions():
    if not me().acting:
        members.end_other_sessions(me().user_id, me().session_id)
        flash(_("All other browsers are logged out."), "success")
    return redirect(url_for("settings.security"))
