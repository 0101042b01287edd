"""The questions that a bot knows: kept, searched, and counted as a version that processes compare."""

from typing import Any

from sqlalchemy import func, or_, select, update

from cloudchat.errors import Invalid, NotFound
from cloudchat.events import SentencesWanted, publish_once
from cloudchat.extensions import db
from cloudchat.models import Chatbot, ChatbotQa
from cloudchat.services import audit, bot_settings
from cloudchat.tenancy import current_organization_id

MOST_PAIRS = 5000
MOST_ALTERNATIVES = 30
LONGEST_QUESTION = 500
LONGEST_ANSWER = 4000


def get(qa_id: int) -> ChatbotQa:
    """Raises NotFound."""
    found = db.session.get(ChatbotQa, qa_id)
    if found is None:
        raise NotFound("pair")
    return found


def page(bot_id: int, q: str = "", active: bool | None = None, after_id: int = 0, limit: int = 50):
    """Pairs of a bot, oldest first; one more than the limit where there are more."""
    statement = select(ChatbotQa).where(ChatbotQa.bot_id == bot_id, ChatbotQa.id > after_id)
    return list(db.session.scalars(_narrowed(statement, q, active).order_by(ChatbotQa.id).limit(limit + 1)))


def count(bot_id: int, q: str = "", active: bool | None = None) -> int:
    statement = select(func.count()).select_from(ChatbotQa).where(ChatbotQa.bot_id == bot_id)
    return db.session.scalar(_narrowed(statement, q, active))


def _narrowed(statement, q: str, active: bool | None):
    if active is not None:
        statement = statement.where(ChatbotQa.is_active.is_(active))
    for word in q.split()[:8]:
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        alternatives = func.array_to_string(ChatbotQa.alternatives, " ")
        statement = statement.where(
            or_(
                ChatbotQa.question.ilike(pattern),
                alternatives.ilike(pattern),
                ChatbotQa.answer.ilike(pattern),
            )
        )
    return statement


def create(bot_id: int, values: dict[str, Any]) -> ChatbotQa:
    """A new pair of `{question, alternatives, answer, is_active}`. Raises Invalid, NotFound."""
    pair = add(bot_id, values)
    db.session.commit()
    return pair


def add(bot_id: int, values: dict[str, Any]) -> ChatbotQa:
    """The same in the caller's transaction."""
    bot = bot_settings.get(bot_id, lock=True)
    if count(bot.id) >= MOST_PAIRS:
        raise Invalid("pair", fields={"question": ["too_many_pairs"]})
    pair = ChatbotQa(bot_id=bot.id, **checked({"question": "", "answer": "", **values}))
    db.session.add(pair)
    db.session.flush()
    audit.record("pair.created", pair, question=pair.question[:120])
    touch(bot.id)
    return pair


def change(qa_id: int, values: dict[str, Any]) -> ChatbotQa:
    """Change the named fields. Raises Invalid, NotFound."""
    pair = get(qa_id)
    for name, value in checked(values).items():
        setattr(pair, name, value)
    audit.record("pair.changed", pair, question=pair.question[:120], fields=sorted(values))
    db.session.flush()
    touch(pair.bot_id)
    db.session.commit()
    return pair


def remove(qa_id: int) -> None:
    """Delete a pair; the turns in which it answered stay in the log."""
    pair = get(qa_id)
    audit.record("pair.deleted", pair, question=pair.question[:120])
    db.session.delete(pair)
    db.session.flush()
    touch(pair.bot_id)
    db.session.commit()


def touch(bot_id: int) -> None:
    """Tell every process that the bot's pairs differ; part of the caller's transaction."""
    db.session.execute(
        update(Chatbot)
        .where(Chatbot.id == bot_id)
        .values(qa_version=Chatbot.qa_version + 1)
        .execution_options(synchronize_session=False)
    )
    publish_once(SentencesWanted(current_organization_id(), bot_id))


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The fields as they are kept. Raises Invalid."""
    kept: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for name, longest in (("question", LONGEST_QUESTION), ("answer", LONGEST_ANSWER)):
        if values.get(name) is None:
            continue
        kept[name] = str(values[name]).strip()
        if not kept[name]:
            errors[name] = ["required"]
        elif len(kept[name]) > longest:
            errors[name] = ["too_long"]
    if values.get("alternatives") is not None:
        texts = [" ".join(str(text).split()) for text in values["alternatives"]]
        kept["alternatives"] = list(dict.fromkeys(text for text in texts if text))
        if len(kept["alternatives"]) > MOST_ALTERNATIVES:
            errors["alternatives"] = ["too_many_alternatives"]
        elif any(len(text) > LONGEST_QUESTION for text in kept["alternatives"]):
            errors["alternatives"] = ["too_long"]
    if values.get("is_active") is not None:
        kept["is_active"] = bool(values["is_active"])
    if errors:
        raise Invalid("pair", fields=errors)
    return kept
