"""Joining an organization by a link."""

from flask import Response, redirect, render_template, request, url_for

from blueprints.auth import bp, signing
from cloudchat.errors import Conflict, Invalid, NotFound
from cloudchat.limits import limiter
from cloudchat.services import accounts, login_rules, organizations
from cloudchat.tenancy import acting_as
from cloudchat.web import csrf, identify, public


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
    somebody = identify()
    with acting_as(accounts.invitation_organization(token)):
        invitation = accounts.find_invitation(token)
        shown = {
            "email": invitation.email,
            "name": invitation.name,
            "organization_name": organizations.get(invitation.organization_id).name,
            "minimum": login_rules.current().password_minimum,
        }
        if somebody is not None:  # who is logged in here is not the one who was invited
            return render_template("auth/invitation_other.html", invitation=shown)
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
                errors=signing.by_field(error),
            )
            return Response(page, 422)
    signing.sign_in(*accounts.verify_login(shown["email"], password))
    return redirect(url_for("auth.home"))
