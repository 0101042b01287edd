"""API tokens: made, renamed, revoked; what each may do and when it was used last."""

from datetime import timedelta

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from blueprints.settings import bp
from cloudchat.errors import AppError, Invalid
from cloudchat.extensions import db, now
from cloudchat.limits import limiter
from cloudchat.messages import sentence
from cloudchat.services import accounts, members
from cloudchat.web import me, requires

SCOPES = {
    "messages:read": (_l("Read messages"), _l("Conversations, queue and pipelines; also live, by socket.")),
    "messages:write": (_l("Write messages"), _l("Answer, assign, label, move cards.")),
    "contacts": (_l("Contacts"), _l("Read and change them.")),
    "reports:read": (_l("Reports"), _l("Figures of bots, queue and pipelines.")),
    "admin": (_l("Set up"), _l("Devices, bots, divisions, templates, and all else that needs an admin.")),
}
DAYS = (30, 90, 365)


@bp.route("/app/settings/api", methods=["GET", "POST"])
@requires("admin")
@limiter.limit("30 per hour", methods=["POST"])
def api_tokens():
    errors, token = {}, None
    if request.method == "POST":
        try:
            token = _new_token()
        except Invalid as error:
            db.session.rollback()
            errors = _errors_of(error)
    asked = {} if token else request.form
    page = render_template(
        "settings/api_tokens.html",
        rows=members.api_tokens(),
        token=token,
        name=asked.get("name", ""),
        reach=asked.get("reach", "all"),
        chosen=request.form.getlist("scopes") if asked else [],
        days=asked.get("days", ""),
        lifetimes=[
            ("", _("It does not expire")),
            *((str(day), _("%(count)s days", count=day)) for day in DAYS),
        ],
        scopes=SCOPES,
        errors=errors,
    )
    return Response(page, 201 if token else 422 if errors else 200)


def _lifetimes() -> list[tuple[str, str]]:
    return [("", _("It does not expire")), *((str(day), _("%(count)s days", count=day)) for day in DAYS)]


def _errors_of(error: AppError) -> dict[str, list[str]]:
    return {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}


def _new_token() -> str:
    form = request.form
    name = form.get("name", "").replace("\0", "").strip()
    if me().acting:
        raise Invalid("acting", fields={"name": ["acting_user"]})
    if not name or len(name) > 100:
        raise Invalid("name", fields={"name": ["required"]})
    days = form.get("days", "")
    if days and days not in map(str, DAYS):
        raise Invalid("days", fields={"days": ["unknown"]})
    scopes = form.getlist("scopes") if form.get("reach") == "some" else None
    expires_at = now() + timedelta(days=int(days)) if days else None
    token = accounts.create_api_token(me().user_id, name, scopes, expires_at)
    db.session.commit()
    return token


@bp.post("/app/settings/api/<int:token_id>/rename")
@requires("admin")
def rename_api_token(token_id: int):
    try:
        accounts.rename_api_token(token_id, request.form.get("name", "").replace("\0", ""))
        flash(_("Saved."), "success")
    except Invalid as error:
        flash(" ".join(word for words in _errors_of(error).values() for word in words), "error")
    return redirect(url_for("settings.api_tokens"))


@bp.post("/app/settings/api/<int:token_id>/revoke")
@requires("admin")
def revoke_api_token(token_id: int):
    accounts.revoke_api_token(token_id)
    flash(_("The token was revoked. Programs that use it are refused from now on."), "success")
    return redirect(url_for("settings.api_tokens"))
