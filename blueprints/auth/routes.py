"""Rules of the auth feature: each loads, permits, acts, answers."""

from urllib.parse import urlsplit

from flask import Response, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from pydantic import Field
from spectree import Response as Answers

from blueprints.auth import bp
from cloudchat.errors import AppError, Conflict, Invalid, NotFound, Unauthorized
from cloudchat.limits import limiter, login_key
from cloudchat.messages import sentence
from cloudchat.services import accounts, organizations
from cloudchat.services.accounts import Identity
from cloudchat.tenancy import acting_as
from cloudchat.web import Body, api, csrf, identify, me, public, requires

LOCALES = ("id", "en")
# The form and the API count together.
tries_of_one_address = limiter.shared_limit(
    "10 per minute", scope="login-address", key_func=login_key, methods=["POST"]
)
tries_of_one_machine = limiter.shared_limit("30 per minute", scope="login-machine", methods=["POST"])


class Login(Body):
    """E-mail address and password; `otp` once two-factor login is on."""

    email: str = Field(max_length=255)
    password: str = Field(max_length=500)
    otp: str | None = None


class PasswordChange(Body):
    """The present password and the new one."""

    old_password: str = Field(max_length=500)
    new_password: str = Field(max_length=500)


def profile(identity: Identity) -> dict:
    """The caller, as pages and programs see themselves."""
    return {
        "id": identity.user_id,
        "name": identity.name,
        "email": identity.email,
        "role": identity.role,
        "is_operator": identity.is_operator,
        "acting": identity.acting,
        "availability": identity.availability,
        "locale": identity.locale,
        "organization": {
            "id": identity.organization_id,
            "name": identity.organization_name,
            "timezone": identity.timezone,
        },
    }


def _sign_in(email: str, password: str) -> Identity:
    organization_id, user_id = accounts.verify_login(email, password)
    token, identity = accounts.start_session(
        organization_id, user_id, request.remote_addr, request.headers.get("User-Agent")
    )
    session.clear()
    session.permanent = True
    session["organization"], session["token"] = organization_id, token
    return identity


def _sign_out() -> None:
    identity = g.get("identity")
    if identity is not None and identity.session_id is not None:
        with acting_as(identity.home_organization_id):
            accounts.end_session(identity.session_id)
    session.clear()


def own_path(target: str | None) -> str | None:
    """The target, if it is a path of ours; anything that could leave the site is None."""
    if not target or "\\" in target or any(ord(char) < 32 for char in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return None
    return target


@bp.post("/api/auth/login")
@public("logging in")
@tries_of_one_address
@tries_of_one_machine
@api.validate(json=Login, resp=Answers("HTTP_200", "HTTP_401", "HTTP_429"), tags=["auth"])
def api_login(json: Login):
    identity = _sign_in(json.email, json.password)
    return {"user": profile(identity), "csrf_token": generate_csrf()}


@bp.post("/api/auth/logout")
@requires("agent")
@api.validate(resp=Answers("HTTP_204"), tags=["auth"])
def api_logout():
    _sign_out()
    return "", 204


@bp.get("/api/app/me")
@requires("agent")
@api.validate(resp=Answers("HTTP_200", "HTTP_401"), tags=["auth"])
def api_me():
    return {**profile(me()), "user": profile(me()), "csrf_token": generate_csrf()}


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


@bp.route("/login", methods=["GET", "POST"])
@public("logging in")
@tries_of_one_address
@tries_of_one_machine
def login():
    target = own_path(request.values.get("next")) or url_for("auth.home")
    if request.method == "GET":
        if identify() is not None:
            return redirect(target)
        return render_template("auth/login.html", next=target, email="", error=None)
    csrf.protect()
    email = request.form.get("email", "")[:255]
    try:
        _sign_in(email, request.form.get("password", ""))
    except Unauthorized as error:
        page = render_template("auth/login.html", next=target, email=email, error=sentence(error.code))
        return Response(page, 401)
    return redirect(target)


@bp.post("/logout")
@requires("agent")
def logout():
    _sign_out()
    return redirect(url_for("auth.login"))


@bp.get("/")
@public("sends people to where they work")
def home():
    return redirect(url_for("inbox.index") if identify() else url_for("auth.login"))


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
            errors = _by_form_field(error, old_password="current_password", password="new_password")
    page = render_template("auth/change_password.html", errors=errors)
    return Response(page, 422 if errors else 200)


def _by_form_field(error: AppError, **renamed: str) -> dict:
    return {
        renamed.get(name, name): [sentence(item, item) for item in items]
        for name, items in error.fields.items()
    }


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@public("whoever was invited has no account yet")
@limiter.limit("20 per minute")
def accept_invitation(token: str):
    try:
        return _accept_invitation(token)
    except NotFound:
        return Response(render_template("auth/invitation_gone.html"), 404)


def _accept_invitation(token: str):
    if len(token) > 100:
        raise NotFound("invitation")
    with acting_as(accounts.invitation_organization(token)):
        invitation = accounts.find_invitation(token)
        shown = {
            "email": invitation.email,
            "name": invitation.name,
            "organization_name": organizations.get(invitation.organization_id).name,
        }
        if request.method == "GET":
            return render_template("auth/accept_invitation.html", invitation=shown)
        csrf.protect()
        name, password = request.form.get("name", ""), request.form.get("password", "")
        try:
            accounts.accept_invitation(token, name, password, request.remote_addr)
        except (Invalid, Conflict) as error:
            page = render_template(
                "auth/accept_invitation.html",
                invitation=shown,
                name=name,
                errors=_by_form_field(error),
            )
            return Response(page, 422)
    _sign_in(shown["email"], password)
    return redirect(url_for("auth.home"))


@bp.post("/app/language")
@public("strangers choose the language of the login page")
def set_language():
    """A user's choice is kept with the user, a stranger's in the browser's session."""
    locale = request.form.get("language", "")
    if locale not in LOCALES:
        raise Invalid(fields={"language": ["unknown"]})
    identity = identify()
    if identity is None:
        csrf.protect()
        session["locale"] = locale
    elif not identity.acting:
        accounts.set_locale(identity.user_id, locale)
    return redirect(own_path(request.form.get("next")) or url_for("auth.home"))
