"""The API of the language model: its settings, and drafts for agents."""

from pydantic import Field
from spectree import Response as Answers

from blueprints.assistant import bp
from cloudchat.limits import limiter
from cloudchat.models import AssistantSettings
from cloudchat.services.assistant import accounts, asking, drafting
from cloudchat.services.presenting import iso
from cloudchat.web import Body, api, me, requires

OK = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_409", "HTTP_422", "HTTP_429")
DRAFT = Answers("HTTP_200", "HTTP_401", "HTTP_403", "HTTP_404", "HTTP_409", "HTTP_429", "HTTP_503")
DRAFTS_PER_USER = "10 per minute"
VERIFYING_PER_USER = "10 per minute"


class AssistantBody(Body):
    """The settings to change; fields that are not named stay as they are. `api_key` is write-only; "" takes
    it away."""

    address: str | None = Field(None, max_length=1000)
    model: str | None = Field(None, max_length=200)
    api_key: str | None = Field(None, max_length=1000)
    chooses: bool | None = None
    drafts: bool | None = None
    daily_limit: int | None = None


def settings_json(row: AssistantSettings) -> dict:
    """The settings without the key: only whether there is one, and how it ends."""
    return {
        **{name: getattr(row, name) for name in accounts.FIELDS},
        "has_api_key": bool(row.api_key),
        "api_key_hint": f"••••{row.key_hint}" if row.key_hint else None,
        "status": row.status,
        "checked_at": iso(row.checked_at),
        "calls_today": accounts.calls_today(),
    }


def _caller() -> str:
    return f"assistant:{me().user_id}"


@bp.get("/api/app/assistant/settings")
@requires("admin")
@api.validate(resp=OK, tags=["assistant"])
def show_settings():
    return settings_json(accounts.get())


@bp.put("/api/app/assistant/settings")
@requires("admin")
@api.validate(json=AssistantBody, resp=OK, tags=["assistant"])
def change_settings(json: AssistantBody):
    """Change the settings; another address needs the key again."""
    return settings_json(accounts.save(json.model_dump(exclude_unset=True)))


@bp.post("/api/app/assistant/verify")
@requires("admin")
@limiter.limit(VERIFYING_PER_USER, key_func=_caller)
@api.validate(resp=OK, tags=["assistant"])
def verify():
    """Ask the model the smallest question there is; `status` says what came of it."""
    return settings_json(asking.verify())


@bp.post("/api/app/inbox/conversations/<int:conversation_id>/draft")
@requires("agent")
@limiter.limit(DRAFTS_PER_USER, key_func=_caller)
@api.validate(resp=DRAFT, tags=["assistant"])
def draft(conversation_id: int):
    """A reply as the language model would write it; nothing is sent."""
    return {"text": drafting.draft(me(), conversation_id)}
