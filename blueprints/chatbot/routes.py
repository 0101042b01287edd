"""The chatbot API: bots, their pairs, and trying them out. Hours are in hours.py."""

from spectree import Response as Answers

from blueprints.chatbot import bp
from blueprints.chatbot.schemas import PLACE, BotBody, PageQuery, PairBody, PairQuery, TryBody
from cloudchat.errors import Invalid
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import bot_pairs, bot_settings, bot_trial, presenting
from cloudchat.web import api, decode_cursor, encode_cursor, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
MADE = Answers("HTTP_201", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_422")
GONE = Answers("HTTP_204", "HTTP_401", "HTTP_403", "HTTP_404")


def bot_json(bot: Chatbot, devices=None) -> dict:
    devices = bot_settings.devices_of([bot.id])[bot.id] if devices is None else devices
    return {
        "id": bot.id,
        **{name: getattr(bot, name) for name in bot_settings.FIELDS},
        "device_ids": [device.id for device in devices],
        "created_at": presenting.iso(bot.created_at),
        "updated_at": presenting.iso(bot.updated_at),
    }


def pair_json(pair: ChatbotQa) -> dict:
    return {
        "id": pair.id,
        "bot_id": pair.bot_id,
        "question": pair.question,
        "alternatives": pair.alternatives,
        "answer": pair.answer,
        "is_active": pair.is_active,
        "created_at": presenting.iso(pair.created_at),
        "updated_at": presenting.iso(pair.updated_at),
    }


def after_of(cursor: str | None) -> int:
    """The id behind which a list goes on. Raises Invalid."""
    parts = decode_cursor(cursor, int)
    if parts is None:
        return 0
    if parts[0] is True or parts[0] not in PLACE:
        raise Invalid(code="invalid", fields={"cursor": ["invalid_cursor"]})
    return parts[0]


def cut_page(rows: list, limit: int) -> tuple[list, str | None]:
    """The rows of one page, and the cursor of the next."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(rows[limit - 1].id)


@bp.get("/api/app/chatbot/bots")
@requires("manager")
@api.validate(query=PageQuery, resp=OK, tags=["chatbot"])
def list_bots(query: PageQuery):
    rows = bot_settings.page(after_of(query.cursor), query.limit)
    rows, next_cursor = cut_page(rows, query.limit)
    devices = bot_settings.devices_of([bot.id for bot in rows])
    return {"items": [bot_json(bot, devices[bot.id]) for bot in rows], "next_cursor": next_cursor}


@bp.post("/api/app/chatbot/bots")
@requires("admin")
@api.validate(json=BotBody, resp=MADE, tags=["chatbot"])
def create_bot(json: BotBody):
    return bot_json(bot_settings.create(json.model_dump(exclude_unset=True))), 201


@bp.get("/api/app/chatbot/bots/<int:bot_id>")
@requires("manager")
@api.validate(resp=OK, tags=["chatbot"])
def show_bot(bot_id: int):
    return bot_json(bot_settings.get(bot_id))


@bp.put("/api/app/chatbot/bots/<int:bot_id>")
@requires("admin")
@api.validate(json=BotBody, resp=OK, tags=["chatbot"])
def change_bot(bot_id: int, json: BotBody):
    return bot_json(bot_settings.change(bot_id, json.model_dump(exclude_unset=True)))


@bp.delete("/api/app/chatbot/bots/<int:bot_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["chatbot"])
def delete_bot(bot_id: int):
    bot_settings.remove(bot_id)
    return "", 204


@bp.get("/api/app/chatbot/bots/<int:bot_id>/qa")
@requires("manager")
@api.validate(query=PairQuery, resp=OK, tags=["chatbot"])
def list_pairs(bot_id: int, query: PairQuery):
    bot = bot_settings.get(bot_id)
    rows = bot_pairs.page(bot.id, query.q, query.is_active, after_of(query.cursor), query.limit)
    rows, next_cursor = cut_page(rows, query.limit)
    return {"items": [pair_json(pair) for pair in rows], "next_cursor": next_cursor}


@bp.post("/api/app/chatbot/bots/<int:bot_id>/qa")
@requires("admin")
@api.validate(json=PairBody, resp=MADE, tags=["chatbot"])
def create_pair(bot_id: int, json: PairBody):
    return pair_json(bot_pairs.create(bot_id, json.model_dump(exclude_unset=True))), 201


@bp.put("/api/app/chatbot/qa/<int:qa_id>")
@requires("admin")
@api.validate(json=PairBody, resp=OK, tags=["chatbot"])
def change_pair(qa_id: int, json: PairBody):
    return pair_json(bot_pairs.change(qa_id, json.model_dump(exclude_unset=True)))


@bp.delete("/api/app/chatbot/qa/<int:qa_id>")
@requires("admin")
@api.validate(resp=GONE, tags=["chatbot"])
def delete_pair(qa_id: int):
    bot_pairs.remove(qa_id)
    return "", 204


@bp.post("/api/app/chatbot/bots/<int:bot_id>/try")
@requires("manager")
@api.validate(json=TryBody, resp=OK, tags=["chatbot"])
def try_bot(bot_id: int, json: TryBody):
    """What the bot would do with a text; nothing is sent or logged."""
    return bot_trial.trial(bot_settings.get(bot_id), json.text)
