"""The own second factor: set up, look after, switch off; as pages and over the API."""

import segno
from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from pydantic import Field
from spectree import Response as Answers

from blueprints.auth import bp, signing
from cloudchat.errors import AppError, Conflict, Invalid, NotFound
from cloudchat.limits import limiter
from cloudchat.messages import sentence
from cloudchat.services import login_rules
from cloudchat.services.accounts import second_factor as factors
from cloudchat.web import Body, api, me, requires

PAGE = "/app/account/two-factor"
API = "/api/app/me/two-factor"
OK = Answers("HTTP_200", "HTTP_401", "HTTP_409", "HTTP_422")
few_tries = limiter.shared_limit("20 per minute", scope="second-factor", methods=["POST"])


class Code(Body):
    """A code of the authenticator app."""

    otp: str = Field(max_length=40)


class PasswordAndCode(Code):
    """Both, for what takes protection away."""

    password: str = Field(max_length=500)


def _own() -> int:
    """The caller's own account; an acting operator has none here, a program is no person."""
    if me().acting:
        raise NotFound("user")
    if me().session_id is None:
        raise Invalid(code="session_needed")
    return me().user_id


# --- pages -------------------------------------------------------------------------------------


@bp.get(PAGE)
@requires("agent", enrolling=True)
def second_factor():
    return _page()


def _page(errors: dict | None = None, refused: str = "") -> Response:
    user_id = _own()
    setup = factors.setup(user_id)
    page = render_template(
        "auth/second_factor.html",
        state=factors.state(user_id),
        secret=setup[0] if setup else None,
        qr=_qr(setup[1]) if setup else None,
        is_needed=login_rules.current().needs_second_factor(me().role),
        errors=errors or {},
        refused=refused,
    )
    return Response(page, 422 if errors or refused else 200)


def _qr(address: str) -> Markup:
    """As SVG within the page: the secret is in no address and in no cache."""
    code = segno.make(address, error="m")
    return Markup(code.svg_inline(border=2, dark="#000", light="#fff", omitsize=True))


def _refused(error: AppError) -> Response:
    return _page(signing.by_field(error), "" if error.fields else sentence(error.code))


def _codes_page(codes: list[str]) -> Response:
    return Response(render_template("auth/recovery_codes.html", codes=codes), 201)


@bp.post(PAGE + "/begin")
@requires("agent", enrolling=True)
@few_tries
def begin_second_factor():
    try:
        factors.begin(_own())
    except Conflict as error:
        return _refused(error)
    return redirect(url_for("auth.second_factor"))


@bp.post(PAGE + "/confirm")
@requires("agent", enrolling=True)
@few_tries
def confirm_second_factor():
    try:
        codes = factors.confirm(_own(), request.form.get("otp", ""), me().session_id)
    except (Invalid, Conflict) as error:
        return _refused(error)
    return _codes_page(codes)


@bp.post(PAGE + "/codes")
@requires("agent")
@few_tries
def new_recovery_codes():
    try:
        return _codes_page(factors.new_codes(_own(), request.form.get("renewal_otp", "")))
    except (Invalid, Conflict) as error:
        return _page(signing.by_field(error, otp="renewal_otp"), "" if error.fields else sentence(error.code))


@bp.post(PAGE + "/disable")
@requires("agent")
@few_tries
def disable_second_factor():
    try:
        factors.disable(_own(), request.form.get("password", ""), request.form.get("otp", ""))
    except (Invalid, Conflict) as error:
        return _refused(error)
    flash(_("Two-factor login is off."), "success")
    return redirect(url_for("auth.second_factor"))


# --- the API -----------------------------------------------------------------------------------


@bp.get(API)
@requires("agent", enrolling=True)
@api.validate(resp=OK, tags=["auth"])
def show_second_factor():
    """Is it on, and how many recovery codes are left?"""
    state = factors.state(me().user_id)
    return {"enabled": state.is_on, "recovery_codes_left": state.codes_left}


@bp.post(API)
@requires("agent", enrolling=True)
@few_tries
@api.validate(resp=Answers("HTTP_201", "HTTP_401", "HTTP_409", "HTTP_422"), tags=["auth"])
def set_up_second_factor():
    """Begin: a secret for an authenticator app, which counts once a code has confirmed it."""
    factors.begin(_own())
    secret, address = factors.setup(me().user_id)
    return {"secret": secret, "uri": address}, 201


@bp.post(API + "/confirm")
@requires("agent", enrolling=True)
@few_tries
@api.validate(json=Code, resp=OK, tags=["auth"])
def switch_second_factor_on(json: Code):
    """Confirm by a code; answers the recovery codes, this once."""
    return {"recovery_codes": factors.confirm(_own(), json.otp, me().session_id)}


@bp.post(API + "/codes")
@requires("agent")
@few_tries
@api.validate(json=Code, resp=OK, tags=["auth"])
def renew_recovery_codes(json: Code):
    """Ten other recovery codes, this once; the old ones are worth nothing."""
    return {"recovery_codes": factors.new_codes(_own(), json.otp)}


@bp.post(API + "/disable")
@requires("agent")
@few_tries
@api.validate(
    json=PasswordAndCode, resp=Answers("HTTP_204", "HTTP_401", "HTTP_409", "HTTP_422"), tags=["auth"]
)
def switch_second_factor_off(json: PasswordAndCode):
    """Switch it off, with password and code."""
    factors.disable(_own(), json.password, json.otp)
    return "", 204
