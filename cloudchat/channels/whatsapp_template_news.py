"""Meta's news about message templates: status, quality, category.

It is known by what it holds: Meta's own sample of a quality update stands under another field's name.
"""

from datetime import UTC, datetime
from typing import Any

from cloudchat.channels.base import TemplateUpdate
from cloudchat.channels.payload import as_dict, as_text, ident

# What an event makes of a template, where it is not a status by itself. FLAGGED is a warning.
_STATUSES = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "LOCKED": "DISABLED", "FLAGGED": None}


def is_news(value: dict) -> bool:
    return all(key in value for key in ("message_template_name", "message_template_language"))


def read(content: dict) -> TemplateUpdate | None:
    """The meaning of a stored event; None where it names no template."""
    value = as_dict(content.get("value"))
    name, account = as_text(value.get("message_template_name"), 512), ident(content.get("waba"))
    language = as_text(value.get("message_template_language"), 20)
    if not name or not language or not account:
        return None
    return TemplateUpdate(
        account=account,
        name=name,
        language=language,
        external_id=ident(value.get("message_template_id")),
        occurred_at=_moment(content.get("time")),
        status=_status(value.get("event")),
        quality=_word(value.get("new_quality_score")),
        category=_word(value.get("new_category")) or _word(value.get("message_template_category")),
        reason=_word(value.get("reason")),
        details=_details(value),
    )


def _status(event: Any) -> str | None:
    word = _word(event)
    return _STATUSES.get(word, word) if word else None


def _word(value: Any) -> str | None:
    return (as_text(value, 30) or "").strip().upper() or None


def _details(value: dict) -> str | None:
    """Why, in Meta's words."""
    refusal, other = as_dict(value.get("rejection_info")), as_dict(value.get("other_info"))
    words = (refusal.get("reason"), refusal.get("recommendation"), other.get("description"))
    return " ".join(text for word in words if (text := as_text(word, 1000))) or None


def _moment(seconds: Any) -> datetime | None:
    """When it happened; unlike a message, news without a time of its own has none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < 4_102_444_800:
        return None
    return datetime.fromtimestamp(seconds, UTC)
