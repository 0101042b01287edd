"""How well a bot does on its own log: what customers wrote and then chose is the truth."""

from sqlalchemy import select

from cloudchat.extensions import db
from cloudchat.models import ChatbotPhrase, ChatbotQa
from cloudchat.services import bot_settings
from cloudchat.services.matching import Pair
from cloudchat.services.matching.shops import Shop


def shop_of(bot_id: int) -> Shop:
    """The bot's pairs as the admin wrote them, without what was learned, and the choices as questions."""
    bot = bot_settings.get(bot_id)
    rows = db.session.scalars(select(ChatbotQa).where(ChatbotQa.bot_id == bot.id, ChatbotQa.is_active))
    pairs = [Pair(row.id, (row.question, *row.alternatives), row.answer) for row in rows]
    phrases = select(ChatbotPhrase.text, ChatbotPhrase.qa_id).where(ChatbotPhrase.bot_id == bot.id)
    known = {pair.id for pair in pairs}
    asked = [(text, qa_id) for text, qa_id in db.session.execute(phrases) if qa_id in known]
    return Shop(bot.name, pairs, asked)
