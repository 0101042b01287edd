"""Asking the model: within the day's calls, without an open transaction, and keeping what came of it."""

from cloudchat.clients import openai_chat
from cloudchat.clients.openai_chat import ChatError
from cloudchat.errors import AppError, Conflict, TooMany, Unavailable
from cloudchat.extensions import db
from cloudchat.models import AssistantSettings
from cloudchat.services.assistant import accounts, breaker

VERIFY_SECONDS = 10.0
OF_THE_SETTINGS = {"refused": "assistant_refused", "unknown_model": "assistant_unknown_model"}
RETRY_AFTER = 60


def ask(settings: AssistantSettings, system: str, user: str, seconds: float, force: bool = False) -> str:
    """The model's text; commits before and after, so that nothing is held while it thinks. `force`: also
    where it has failed before. Raises ChatError, with the kinds of the client, "paused" and "used_up"."""
    if not force and breaker.is_open():
        raise ChatError("paused")
    asked = accounts.Asked.of(settings)
    try:
        key = accounts.key_of(settings)
    except Exception:  # sealed with a key that we no longer have: another has to be entered
        accounts.note(asked, "refused")
        raise ChatError("refused") from None
    taken = accounts.take_call(settings)
    db.session.commit()
    if not taken:
        raise ChatError("used_up")
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    try:
        text = openai_chat.complete(asked.address, key, asked.model, messages, seconds)
    except ChatError as error:
        breaker.failed(at_once=error.kind == "limited")
        accounts.note(asked, error.kind, is_news=not force)
        raise
    breaker.worked()
    accounts.note(asked, "ok")
    return text


def verify() -> AssistantSettings:
    """Ask the smallest question there is; the settings then say what came out. Raises Conflict without a
    key, TooMany when the day is used up."""
    settings = accounts.get()
    if not settings.api_key:
        raise Conflict("assistant", code="assistant_no_key")
    asked = accounts.Asked.of(settings)
    try:
        ask(settings, "Answer with the word OK.", "OK?", VERIFY_SECONDS, force=True)
        breaker.reset()
    except ChatError as error:
        if error.kind == "used_up":
            raise refusal(error) from None
    accounts.checked(asked)
    return accounts.get()


def refusal(error: ChatError) -> AppError:
    """What a person is told who has asked for something."""
    if error.kind == "used_up":
        return TooMany("assistant", code="assistant_used_up", retry_after=3600)
    if error.kind in OF_THE_SETTINGS:
        return Conflict("assistant", code=OF_THE_SETTINGS[error.kind])
    if error.kind == "limited":
        return TooMany("assistant", code="assistant_limited", retry_after=RETRY_AFTER)
    return Unavailable("assistant", code="assistant_unavailable")
