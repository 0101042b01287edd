"""The settings page of the language model."""

from flask import render_template

from blueprints.assistant import bp
from cloudchat.services.assistant import accounts, drafting
from cloudchat.web import requires


@bp.get("/app/settings/assistant")
@requires("admin")
def settings():
    return render_template(
        "assistant/settings.html",
        row=accounts.get(),
        calls=accounts.calls_today(),
        messages=drafting.MESSAGES,
    )
