"""The table of a bot's questions, edited row by row, and trying the bot out."""

import json

from flask import make_response, render_template, request
from flask_babel import gettext as _
from pydantic import ValidationError

from blueprints.chatbot import bp
from blueprints.chatbot.forms import errors_of, read_pair
from blueprints.chatbot.routes import after_of, cut_page
from blueprints.chatbot.schemas import PairQuery
from cloudchat.errors import Invalid
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import bot_pairs, bot_settings, bot_trial
from cloudchat.services.assistant import choosing
from cloudchat.web import requires


@bp.get("/app/chatbot/<int:bot_id>")
@requires("manager")
def show(bot_id: int):
    """The questions that the bot knows."""
    bot = bot_settings.get(bot_id)
    query = _wanted()
    return render_template(
        "chatbot/pairs.html",
        bot=bot,
        total=bot_pairs.count(bot.id),
        found=bot_pairs.count(bot.id, query.q, query.is_active),
        devices=bot_settings.devices_of([bot.id])[bot.id],
        **_rows(bot, query),
    )


@bp.get("/app/chatbot/<int:bot_id>/rows")
@requires("manager")
def more_pairs(bot_id: int):
    """The next rows of the endless list."""
    bot = bot_settings.get(bot_id)
    return render_template("chatbot/_rows.html", bot=bot, **_rows(bot, _wanted()))


def _wanted() -> PairQuery:
    """The filter of the address; what cannot be read is left out."""
    given = {name: value for name, value in request.args.items() if value}
    try:
        return PairQuery.model_validate(given)
    except ValidationError:
        return PairQuery(q=given.get("q", "")[:200])


def _rows(bot: Chatbot, query: PairQuery) -> dict:
    try:
        after = after_of(query.cursor)
    except Invalid:
        after = 0
    rows = bot_pairs.page(bot.id, query.q, query.is_active, after, query.limit)
    rows, next_cursor = cut_page(rows, query.limit)
    return {"pairs": rows, "next_cursor": next_cursor, "query": query}


def _row(pair: ChatbotQa) -> str:
    return render_template("chatbot/_pair.html", pair=pair)


@bp.post("/app/chatbot/<int:bot_id>/pairs")
@requires("admin")
def add_pair(bot_id: int):
    """A new question from the dialog; the page shows it by being loaded again."""
    values = {**read_pair(request.form), "is_active": True}
    try:
        bot_pairs.create(bot_id, values)
    except Invalid as error:
        db.session.rollback()
        page = render_template(
            "chatbot/_new_pair.html", bot=bot_settings.get(bot_id), values=values, errors=errors_of(error)
        )
        return page, 422
    response = make_response("", 204)
    response.headers["HX-Refresh"] = "true"
    return response


@bp.get("/app/chatbot/pairs/<int:qa_id>")
@requires("manager")
def pair_row(qa_id: int):
    return _row(bot_pairs.get(qa_id))


@bp.get("/app/chatbot/pairs/<int:qa_id>/edit")
@requires("admin")
def edit_pair(qa_id: int):
    pair = bot_pairs.get(qa_id)
    values = {name: getattr(pair, name) for name in ("question", "alternatives", "answer", "is_active")}
    return render_template("chatbot/_edit_pair.html", pair=pair, values=values, errors={})


@bp.post("/app/chatbot/pairs/<int:qa_id>/edit")
@requires("admin")
def save_pair(qa_id: int):
    values = read_pair(request.form)
    try:
        return _row(bot_pairs.change(qa_id, values))
    except Invalid as error:
        db.session.rollback()
        page = render_template(
            "chatbot/_edit_pair.html", pair=bot_pairs.get(qa_id), values=values, errors=errors_of(error)
        )
        return page, 422


@bp.post("/app/chatbot/pairs/<int:qa_id>/switch")
@requires("admin")
def switch_pair(qa_id: int):
    """Let the bot use the question, or not."""
    return _row(bot_pairs.change(qa_id, {"is_active": "is_active" in request.form}))


@bp.post("/app/chatbot/pairs/<int:qa_id>/delete")
@requires("admin")
def remove_pair(qa_id: int):
    bot_pairs.remove(qa_id)
    response = make_response("", 200)
    toast = {"text": _("The question is deleted."), "kind": "success"}
    response.headers["HX-Trigger"] = json.dumps({"cloudchat:toast": toast})
    return response


@bp.post("/app/chatbot/<int:bot_id>/try")
@requires("manager")
def try_box(bot_id: int):
    """What the bot would say, which questions came next, and why; with `ask`, what the language model
    would choose."""
    bot = bot_settings.get(bot_id)
    text = request.form.get("text", "").strip()[:2000]
    told = bot_trial.trial(bot, text) if text else None
    unsure = bool(told) and told["outcome"] == "suggest"
    asked = unsure and "ask" in request.form
    return render_template(
        "chatbot/_tried.html",
        bot=bot,
        text=text,
        told=told,
        may_ask=unsure and choosing.may_choose(),
        asked=asked,
        chosen=bot_trial.chosen_by_model(bot_settings.get(bot_id), text) if asked else None,
    )
