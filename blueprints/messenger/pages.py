"""The pages of connecting: which Facebook pages to take, or what went wrong and what to do."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints.messenger import bp
from blueprints.messenger.answers import offer_json
from cloudchat.channels.facebook_errors import Failure, explain
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.messages import sentence
from cloudchat.services import facebook_connect, facebook_help
from cloudchat.web import me, requires


@bp.app_template_global("facebook_help")
def help_of(failure: Failure, connect_id: int | None = None, at: str | None = None) -> dict:
    """Everything that the help is drawn from."""
    helped = explain(failure)
    return {
        "text": sentence(helped.word),
        "action": helped.action,
        "link": facebook_help.link_of(helped),
        "report": facebook_help.report(failure, connect_id, at),
        "retry_after": failure.retry_after,
    }


@bp.get("/app/settings/facebook/expired")
@requires("admin")
def expired():
    """The way back was not one of ours, or came too late; nothing is known about it."""
    failure = Failure(own="fb_state", step="callback")
    return render_template("messenger/connect.html", help=help_of(failure), offers=[], row=None)


@bp.route("/app/settings/facebook/<int:connect_id>", methods=["GET", "POST"])
@requires("admin")
def show(connect_id: int):
    row = facebook_connect.show(me(), connect_id)
    errors: list[str] = []
    if request.method == "POST" and not row.pages:  # chosen already, in another tab
        return redirect(url_for("messenger.show", connect_id=connect_id))
    if request.method == "POST":
        try:
            answer = _connect(connect_id, request.form.getlist("page_ids"))
            if answer is not None:
                return answer
        except Invalid as error:
            db.session.rollback()
            errors = [sentence(word) for words in error.fields.values() for word in words]
        row = facebook_connect.show(me(), connect_id)
    return Response(_drawn(row, errors), 422 if errors else 200)


def _connect(connect_id: int, page_ids: list[str]) -> Response | None:
    """On to the devices once at least one page is connected; None where none could be."""
    devices, failures = facebook_connect.connect_pages(me(), page_ids, connect_id)
    if not devices:
        return None
    text = ngettext("%(num)s page is connected.", "%(num)s pages are connected.", len(devices))
    flash(text, "success")
    for error in failures.values():
        flash(sentence(error.code), "error")
    if len(devices) == 1:
        return redirect(url_for("device.details_view", id=devices[0].id))
    return redirect(url_for("device.index_view"))


def _drawn(row, errors: list[str]) -> str:
    failure = Failure.read(row.failure) if row.failure else None
    helped = help_of(failure, row.id, row.failure.get("at")) if failure else None
    offers = [offer_json(offer) for offer in facebook_connect.offers(row)] if row.pages else []
    return render_template(
        "messenger/connect.html", help=helped, offers=offers, row=row, errors=errors, title=_("Facebook")
    )
