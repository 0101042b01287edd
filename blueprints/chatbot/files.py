"""Questions of a bot as files: import with a preview, export."""

from typing import Literal

from flask import flash, make_response, render_template, request, url_for
from flask_babel import gettext as _
from pydantic import ValidationError

from blueprints.chatbot import bp
from blueprints.chatbot.forms import errors_of
from cloudchat.downloads import send_table
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.services import bot_files, bot_settings
from cloudchat.services.files import safe_name
from cloudchat.web import Body, requires


class FileQuery(Body):
    """As what the questions are wanted."""

    format: Literal["csv", "xlsx"] = "csv"


@bp.get("/app/chatbot/<int:bot_id>/export")
@requires("manager")
def export_pairs(bot_id: int):
    try:
        kind = FileQuery.model_validate(request.args.to_dict()).format
    except ValidationError:
        raise Invalid(code="invalid", fields={"format": ["unknown"]}) from None
    bot = bot_settings.get(bot_id)
    headings = ["Pertanyaan", "Alternatif", "Jawaban", "Aktif"]  # as the import reads them
    lines = list(bot_files.lines(bot.id, headings))
    return send_table(lines, kind, safe_name(f"{bot.name}.{kind}"), _("Questions"))


@bp.get("/app/chatbot/<int:bot_id>/import")
@requires("admin")
def import_page(bot_id: int):
    return render_template(
        "chatbot/import.html", bot=bot_settings.get(bot_id), most=bot_files.MOST_ROWS, checked=None, errors={}
    )


def _uploaded() -> tuple[str, bytes]:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("file", fields={"file": ["required"]})
    return file.filename, file.stream.read(bot_files.LARGEST + 1)


@bp.post("/app/chatbot/<int:bot_id>/import/check")
@requires("admin", upload=True)
def check_import(bot_id: int):
    """What the file would do; nothing is kept."""
    bot = bot_settings.get(bot_id)
    try:
        checked = bot_files.check(bot.id, *_uploaded())
    except Invalid as error:
        return _preview(bot, None, error), 422
    return _preview(bot, checked)


@bp.post("/app/chatbot/<int:bot_id>/import")
@requires("admin", upload=True)
def load_import(bot_id: int):
    bot = bot_settings.get(bot_id)
    try:
        done = bot_files.load(bot.id, *_uploaded())
    except Invalid as error:
        db.session.rollback()
        return _preview(bot, None, error), 422
    flash(
        _(
            "%(added)s questions added, %(changed)s changed.",
            added=len(done.added),
            changed=len(done.changed),
        ),
        "success",
    )
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url_for("chatbot.show", bot_id=bot.id)
    return response


def _preview(bot, checked, error: Invalid | None = None) -> str:
    errors = errors_of(error) if error else {}
    return render_template("chatbot/_preview.html", bot=bot, checked=checked, errors=errors)
