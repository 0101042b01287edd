"""What the Bot API's refusals mean for us. Its words may change, so they are looked at loosely."""

from cloudchat.channels import payload
from cloudchat.channels.http import Answer
from cloudchat.errors import ProviderError

_MAX_WAIT = 86_400
# Words of a description -> the machine word that `messages` has a sentence for.
_KNOWN = (
    ("bot was blocked", "blocked_by_customer"),
    ("user is deactivated", "customer_gone"),
    ("can't initiate", "customer_must_begin"),
    ("chat not found", "customer_must_begin"),
    ("message is too long", "too_long"),
    ("file is too big", "too_large"),
    ("button_data_invalid", "bad_choices"),
)


def from_answer(answer: Answer, body: dict | None, *, repeatable: bool) -> ProviderError:
    """The ProviderError for an answer that is not the one hoped for."""
    if body is None or body.get("ok") is not False:
        return _not_telegram(answer, repeatable)
    told = payload.as_text(body.get("description"), 500) or f"HTTP {answer.status}"
    status = body.get("error_code")
    status = status if isinstance(status, int) else answer.status
    if status == 429:
        return ProviderError(told, code="429", permanent=False, everyone=True, retry_after=_retry_after(body))
    if status >= 500:
        return ProviderError(
            told, code=str(status), permanent=False, everyone=True, unknown_outcome=not repeatable
        )
    if status in (401, 404):  # revoked, or never one of theirs: both are a token's trouble
        return ProviderError(told, code="token_refused", permanent=True, reauth=True, details=str(status))
    word = next((code for words, code in _KNOWN if words in told.lower()), f"telegram_{status}")
    return ProviderError(told, code=word, permanent=True, details=told)


def _retry_after(body: dict) -> float:
    wait = payload.as_dict(body.get("parameters")).get("retry_after")
    return min(float(wait), _MAX_WAIT) if isinstance(wait, int | float) and wait > 0 else 5.0


def _not_telegram(answer: Answer, repeatable: bool) -> ProviderError:
    """A gateway's page or a broken body. A success that cannot be read may have been one."""
    unclear = answer.status < 300 or answer.status >= 500
    return ProviderError(
        f"The provider answered with HTTP {answer.status}.",
        code="unreadable_answer" if answer.status < 300 else f"http_{answer.status}",
        permanent=answer.status == 413,
        everyone=unclear or answer.status == 429,
        unknown_outcome=unclear and not repeatable,
    )
