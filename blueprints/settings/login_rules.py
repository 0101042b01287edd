"""The organization's rules of logging in, as a page and over the API."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from pydantic import Field
from spectree import Response as Answers

from blueprints.settings import bp
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import login_rules
from cloudchat.services.accounts import ROLES, second_factor
from cloudchat.services.login_rules import LoginRules
from cloudchat.web import Body, api, requires

HOURS = (8, 12, 24, 72, 168, 336, 720)
IDLE = (15, 30, 60, 240, 480, 1440)
OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_422")


class RulesChange(Body):
    """The rules to change; the others stay."""

    second_factor_roles: list[str] = Field([], max_length=3)
    session_hours: int = 720
    idle_minutes: int | None = None
    password_minimum: int = 10
    email_domains: list[str] = Field([], max_length=50)
    networks: list[str] = Field([], max_length=50)


@bp.get("/api/app/login-rules")
@requires("admin")
@api.validate(resp=OK, tags=["organization"])
def show_login_rules():
    return login_rules.current().__dict__


@bp.put("/api/app/login-rules")
@requires("admin")
@api.validate(json=RulesChange, resp=OK, tags=["organization"])
def change_login_rules(json: RulesChange):
    """Change the rules that are named: who needs a second factor, how long a login lasts, whom one may
    invite, from where one may come."""
    values = json.model_dump(exclude_unset=True)
    return login_rules.change(values, request.remote_addr).__dict__


@bp.route("/app/settings/login-rules", methods=["GET", "POST"])
@requires("admin")
def login_rules_page():
    rules, errors = login_rules.current().__dict__, {}
    if request.method == "POST":
        rules = _values()
        try:
            login_rules.change(rules, request.remote_addr)
            flash(_("Saved."), "success")
            return redirect(url_for("settings.login_rules_page"))
        except Invalid as error:
            db.session.rollback()
            errors = {name: [sentence(item, item) for item in items] for name, items in error.fields.items()}
    page = render_template(
        "settings/login_rules.html",
        rules=rules,
        errors=errors,
        own_address=request.remote_addr,
        hours=_offered(HOURS, rules["session_hours"], _hours),
        idle=[("", _("Never")), *_offered(IDLE, rules["idle_minutes"], _minutes)],
        roles=ROLES[::-1],
        coverage=second_factor.coverage(),
    )
    return Response(page, 422 if errors else 200)


def _values() -> dict:
    """What the form says; a number that is none is refused by the service."""
    form = request.form
    return {
        **LoginRules().__dict__,
        "second_factor_roles": tuple(form.getlist("second_factor_roles")),
        "session_hours": _number(form.get("session_hours", "")),
        "idle_minutes": _number(form["idle_minutes"]) if form.get("idle_minutes") else None,
        "password_minimum": _number(form.get("password_minimum", "")),
        "email_domains": tuple(_words(form.get("email_domains", ""))),
        "networks": tuple(_words(form.get("networks", ""))),
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _words(text: str) -> list[str]:
    return text.replace("\0", "").replace(",", " ").split()[:100]


def _offered(usual: tuple[int, ...], present: int | None, words) -> list[tuple[int, str]]:
    """The usual choices, and the present one where the API has set another."""
    return [(one, words(one)) for one in sorted({*usual, *([present] if present else [])})]


def _hours(count: int) -> str:
    if count % 24:
        return ngettext("%(num)d hour", "%(num)d hours", count)
    return ngettext("%(num)d day", "%(num)d days", count // 24)


def _minutes(count: int) -> str:
    return _hours(count // 60) if count % 60 == 0 else ngettext("%(num)d minute", "%(num)d minutes", count)
