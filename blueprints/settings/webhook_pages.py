"""Pages of outgoing webhooks: the list, one with its log, one delivery."""

import json

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from blueprints.settings import bp
from blueprints.settings.webhook_routes import DeliveryQuery, deliveries
from cloudchat.errors import AppError, Conflict, Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import edits
from cloudchat.services.notification_kinds import say
from cloudchat.services.webhooks import endpoints, log
from cloudchat.services.webhooks.kinds import EVENTS, TEST
from cloudchat.web import me, requires

NONE: dict = {}
FIELDS = ("url", "description", "events", "is_active")


def _events() -> list[tuple[str, str]]:
    return [(name, say(text, me().locale)) for name, text in EVENTS.items()]


def _given() -> dict:
    form = request.form
    return {
        "url": form.get("url", ""),
        "description": form.get("description", ""),
        "events": form.getlist("events"),
        "is_active": form.get("is_active") == "true",
    }


def _errors_of(error: AppError) -> dict[str, list[str]]:
    found = error.fields or {"url": [error.code]}
    return {name: [sentence(code, code) for code in codes] for name, codes in found.items()}


@bp.get("/app/settings/webhooks")
@requires("admin")
def webhooks():
    return render_template("settings/webhooks.html", rows=endpoints.all_webhooks(), most=endpoints.MOST)


@bp.route("/app/settings/webhooks/new", methods=["GET", "POST"])
@requires("admin")
def new_webhook():
    values, errors = {"url": "", "description": "", "events": [], "is_active": True}, {}
    if request.method == "POST":
        values = {**_given(), "is_active": True}
        try:
            row, secret = endpoints.create(dict(values), me().author_id)
            return Response(_shown(row.id, secret=secret), 201)
        except (Invalid, Conflict) as error:
            db.session.rollback()
            errors = _errors_of(error)
    page = render_template("settings/webhook_new.html", values=values, errors=errors, events=_events())
    return Response(page, 422 if errors else 200)


@bp.get("/app/settings/webhooks/<int:webhook_id>")
@requires("admin")
def webhook(webhook_id: int):
    return _shown(webhook_id)


@bp.post("/app/settings/webhooks/<int:webhook_id>")
@requires("admin")
def save_webhook(webhook_id: int):
    try:
        endpoints.change(webhook_id, _given(), request.form.get("version") or None)
    except (Invalid, Conflict) as error:
        db.session.rollback()
        return Response(_shown(webhook_id, values=_given(), errors=_errors_of(error)), 422)
    flash(_("Saved."), "success")
    return redirect(url_for("settings.webhook", webhook_id=webhook_id), 303)


def _query() -> DeliveryQuery:
    given = {name: value for name in ("state", "cursor") if (value := request.args.get(name, ""))}
    try:
        return DeliveryQuery(**given, limit=25)
    except ValueError:
        raise Invalid(code="invalid") from None


def _shown(
    webhook_id: int, secret: str | None = None, values: dict | None = None, errors: dict | None = None
):
    row = endpoints.get(webhook_id)
    query = _query()
    found, next_cursor = deliveries(webhook_id, query)
    return render_template(
        "settings/_deliveries.html" if query.cursor else "settings/webhook.html",
        row=row,
        secret=secret,
        values=values or {name: getattr(row, name) for name in FIELDS},
        errors=errors,
        version=edits.version_of(endpoints.editable(row)),
        events=_events(),
        rows=found,
        next_cursor=next_cursor,
        state=query.state,
        waits=any(item.state == "pending" and item.attempts == 0 for item in found),
    )


@bp.post("/app/settings/webhooks/<int:webhook_id>/secret")
@requires("admin")
def new_webhook_secret(webhook_id: int):
    return _shown(webhook_id, secret=endpoints.rotate(webhook_id))


@bp.post("/app/settings/webhooks/<int:webhook_id>/test")
@requires("admin")
def try_webhook(webhook_id: int):
    try:
        endpoints.test(webhook_id)
        flash(_("A test is on its way; the log shows what comes of it."), "success")
    except Conflict as error:
        flash(sentence(error.code), "error")
    return redirect(url_for("settings.webhook", webhook_id=webhook_id), 303)


@bp.post("/app/settings/webhooks/<int:webhook_id>/delete")
@requires("admin")
def remove_webhook(webhook_id: int):
    endpoints.delete(webhook_id)
    flash(_("The webhook is deleted. Nothing is sent there any more."), "success")
    return redirect(url_for("settings.webhooks"), 303)


@bp.get("/app/settings/webhooks/<int:webhook_id>/deliveries/<bigint:delivery_id>")
@requires("admin")
def delivery(webhook_id: int, delivery_id: int):
    row = log.get(webhook_id, delivery_id)
    return render_template(
        "settings/delivery.html",
        webhook=endpoints.get(webhook_id),
        row=row,
        tries=log.tries(row.id),
        data=json.dumps(row.data, indent=2, ensure_ascii=False),
    )


@bp.post("/app/settings/webhooks/<int:webhook_id>/deliveries/<bigint:delivery_id>/replay")
@requires("admin")
def resend_delivery(webhook_id: int, delivery_id: int):
    try:
        fresh = log.replay(webhook_id, delivery_id)
    except Conflict as error:
        flash(sentence(error.code), "error")
        return redirect(url_for("settings.delivery", webhook_id=webhook_id, delivery_id=delivery_id), 303)
    flash(_("It is sent once more."), "success")
    return redirect(url_for("settings.delivery", webhook_id=webhook_id, delivery_id=fresh.id), 303)


@bp.app_template_filter()
def webhook_event(name: str) -> str:
    """What an event means, in the reader's words."""
    return _("A test") if name == TEST else say(EVENTS.get(name, name), me().locale)


@bp.app_template_filter()
def webhook_reason(reason: str | None) -> str:
    """Why a delivery did not arrive, in words."""
    return sentence(f"webhook_{reason}", reason) if reason else ""
