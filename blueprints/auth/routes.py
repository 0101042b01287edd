"""Rules of the auth feature: each loads, permits, acts, answers."""

from flask import Response, redirect, render_template, request, session, url_for
from flask_wtf.csrf import generate_csrf
from pydantic import Field
from spectree import Response as Answers

from blueprints.auth import bp, signing
from cloudchat.errors import Invalid, TooMany, Unauthorized
from cloudchat.limits import limiter, login_key
from cloudchat.messages import sentence
from cloudchat.services import accounts, first_steps
from cloudchat.services.accounts import Identity
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
    otp: str | None = Field(None, max_length=40)


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
        "second_factor_due": identity.must_enrol,
        "organization": {
            "id": identity.organization_id,
            "name": identity.organization_name,
            "timezone": identity.timezone,
        },
    }


@bp.post("/api/auth/login")
@public("logging in")
@tries_of_one_address
@tries_of_one_machine
@api.validate(json=Login, resp=Answers("HTTP_200", "HTTP_401", "HTTP_429"), tags=["auth"])
def api_login(json: Login):
    identity = signing.sign_in(*accounts.verify_login(json.email, json.password), json.otp)
    return {"user": profile(identity), "csrf_token": generate_csrf()}


@bp.post("/api/auth/logout")
@requires("agent", enrolling=True)
@api.validate(resp=Answers("HTTP_204"), tags=["auth"])
def api_logout():
    signing.sign_out()
    return "", 204


@bp.get("/api/app/me")
@requires("agent", enrolling=True, scope=accounts.ANY_SCOPE)
@api.validate(resp=Answers("HTTP_200", "HTTP_401"), tags=["auth"])
def api_me():
    return {**profile(me()), "user": profile(me()), "csrf_token": generate_csrf()}


@bp.route("/login", methods=["GET", "POST"])
@public("logging in")
@tries_of_one_address
@tries_of_one_machine
def login():
    target = signing.own_path(request.values.get("next")) or url_for("auth.home")
    if request.method == "GET":
        if identify() is not None:
            return redirect(target)
        return render_template("auth/login.html", next=target, email="", error=None)
    csrf.protect()
    email = request.form.get("email", "")[:255]
    try:
        person = accounts.verify_login(email, request.form.get("password", ""))
    except Unauthorized as error:
        page = render_template("auth/login.html", next=target, email=email, error=sentence(error.code))
        return Response(page, 401)
    try:
        signing.sign_in(*person)
    except Unauthorized:
        signing.remember(*person, email)
        return redirect(url_for("auth.login_code", next=target))
    return redirect(target)


@bp.route("/login/code", methods=["GET", "POST"])
@public("the second step of logging in")
@tries_of_one_address
@tries_of_one_machine
def login_code():
    """The code of the authenticator app, from somebody whose password was right a moment ago."""
    target = signing.own_path(request.values.get("next")) or url_for("auth.home")
    person = signing.remembered()
    if person is None:
        return redirect(url_for("auth.login", next=target))
    if request.method == "GET":
        return render_template("auth/login_code.html", next=target)
    csrf.protect()
    try:
        signing.sign_in(*person, request.form.get("otp", "")[:40])
    except (Unauthorized, TooMany) as error:
        page = render_template("auth/login_code.html", next=target, error=sentence(error.code))
        return Response(page, error.status)
    return redirect(target)


@bp.post("/logout")
@requires("agent", enrolling=True)
def logout():
    signing.sign_out()
    return redirect(signing.own_path(request.form.get("next")) or url_for("auth.login"))


@bp.get("/")
@public("sends people to where they work")
def home():
    identity = identify()
    if identity is None:
        return redirect(url_for("auth.login"))
    return redirect(url_for("dashboard.index" if first_steps.are_due(identity) else "inbox.index"))


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
    return redirect(signing.own_path(request.form.get("next")) or url_for("auth.home"))
