"""A language model behind an OpenAI-compatible address: one question, one text.

The address is an organization's own, so the call goes through the guard (`guarded.py`). Only `model` and
`messages` are sent: servers and models differ in what else they accept. The key goes into a header and
nowhere else; no error holds what was sent.
"""

import json
import time

import structlog

from cloudchat.clients import guarded

log = structlog.get_logger(__name__)
LONGEST_ANSWER = 64 * 1024  # bytes
# What a status says; others of 400 to 499 mean that the address does not speak this language. 403 says
# nothing about the key: a moderation or a firewall answers so for one text, or one address of ours
_KINDS = {401: "refused", 402: "limited", 429: "limited", 404: "unknown_model"}


class ChatError(Exception):
    """What went wrong, as a word: refused (the key), unknown_model, limited, unreachable, unexpected."""

    def __init__(self, kind: str):
        super().__init__(kind)
        self.kind = kind


def complete(address: str, key: str, model: str, messages: list[dict[str, str]], seconds: float) -> str:
    """The model's text, within `seconds`. Raises ChatError."""
    body = json.dumps({"model": model, "messages": messages}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url, ends = address.rstrip("/") + "/chat/completions", time.monotonic() + seconds
    try:
        answer = guarded.call(url, body, headers, LONGEST_ANSWER, seconds)
    except (guarded.Refused, guarded.Failed) as error:
        log.info("model_not_reached", reason=type(error).__name__)
        raise ChatError("unreachable") from None
    if answer.status >= 500 or (answer.status == 200 and time.monotonic() >= ends):
        raise ChatError("unreachable")
    if answer.status != 200:
        raise ChatError(_KINDS.get(answer.status, "unexpected"))
    return _text(answer.text)


def _text(answer: str) -> str:
    try:
        text = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise ChatError("unexpected") from None
    if not isinstance(text, str):
        raise ChatError("unexpected")
    return text.replace("\0", "").strip()
