"""Passwords: the own one changed, a forgotten one set anew."""

import time

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import Field
from spectree import Response as Answers

from blueprints.auth import bp, signing
from cloudchat.errors import Invalid, NotFound
from cloudchat.limits import limiter
from cloudchat.services import accounts, login_rules, mailing
from cloudchat.services.accounts import resets
from cloudchat.tenancy import acting_as
from cloudchat.web import Body, api, csrf, me, public, requires

# Whether anybody has the address or not: a mail that is written takes a few milliseconds of this.
ANSWER_AFTER = 0.3  # seconds


class PasswordChange(Body):
    """The present password and the new one."""

    old_password: str = Field(max_length=500)
    new_password: str = Field(max_length=500)


@bp.post("/api/app/me/password")
@requires("agent")
@limiter.limit("10 per minute")
@api.validate(json=PasswordChange, resp=Answers("HTTP_204", "HTTP_422"), tags=["auth"])
def api_change_password(json: PasswordChange):
    _change_password(json.old_password, json.new_password)
    return "", 204


def _change_password(old: str, new: str) -> None:
    identity = me()
    if identity.acting:
        raise NotFound("user")
    accounts.change_password(identity.user_id, old, new, identity.session_id)


@bp.route("/app/account/password", methods=["GET", "POST"])
@requires("agent")
def change_password():
    errors: dict = {}
    if request.method == "POST":
        new = request.form.get("new_password", "")
        try:
            _change_password(request.form.get("current_password", ""), new)
            flash(_("Your password is changed. All other sessions are logged out."), "success")
            return redirect(url_for("auth.change_password"))
        except Invalid as error:
            errors = signing.by_field(error, old_password="current_password", password="new_password")
    minimum = login_rules.current().password_minimum
    page = render_template("auth/change_password.html", errors=errors, minimum=minimum)
    return Response(page, 422 if errors else 200)


# --- forgotten ---------------------------------------------------------------------------------


@bp.route("/password/forgot", methods=["GET", "POST"])
@public("who has forgotten a password cannot log in")
@limiter.limit("10 per minute", methods=["POST"])
def forgot_password():
    sent = False
    if request.method == "POST":
        csrf.protect()
        begun = time.monotonic()
        if mailing.can_send():
            resets.ask(request.form.get("email", "").replace("\0", "")[:255], request.remote_addr)
        time.sleep(max(0.0, begun + ANSWER_AFTER - time.monotonic()))
        sent = True
    return render_template("auth/forgot_password.html", sent=sent, can_send=mailing.can_send())


@bp.route("/password/reset/<token>", methods=["GET", "POST"])
@public("the link's secret stands for the password")
@limiter.limit("20 per minute")
def reset_password(token: str):
    try:
        return _reset_password(token)
    except NotFound:
        return Response(render_template("auth/reset_gone.html"), 404)


def _reset_password(token: str):
    if len(token) > 100:
        raise NotFound("password reset")
    errors: dict = {}
    with acting_as(accounts.invitation_organization(token)):
        link = resets.find(token)
        email = accounts.get_user(link.user_id).email
        minimum = login_rules.current().password_minimum
        if request.method == "POST":
            csrf.protect()
            try:
                resets.use(token, request.form.get("password", ""), request.remote_addr)
                flash(_("Your new password is set. Log in with it."), "success")
                return redirect(url_for("auth.login"))
            except Invalid as error:
                errors = signing.by_field(error)
    page = render_template("auth/reset_password.html", email=email, errors=errors, minimum=minimum)
    return Response(page, 422 if errors else 200)
