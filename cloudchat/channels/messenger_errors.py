"""What Graph's error codes mean when a page sends; the same codes mean other things on WhatsApp."""

from cloudchat.channels import meta_errors, payload
from cloudchat.channels.http import Answer
from cloudchat.errors import ProviderError

# (code, subcode) or code -> the machine word that `messages` has a sentence for.
WORDS: dict[int | tuple[int, int], str] = {
    (10, 2018278): "window_closed",
    (10, 2534022): "window_closed",
    (10, 2018065): "window_closed",
    (10, 2018108): "customer_unavailable",
    (10, 2018300): "other_app_has_thread",
    (10, 1893063): "page_restricted",
    (100, 2018001): "customer_unknown",
    (100, 2018109): "too_large",
    (200, 1545041): "customer_unavailable",
    551: "customer_unavailable",
    368: "policy_block",
    2022: "policy_block",
    9000001: "answered_message_gone",
    10900: "answered_message_gone",
}
# Seconds before a retry, for codes that one can mend.
RETRY_AFTER: dict[int | tuple[int, int], float] = {
    1: 5,
    2: 5,
    4: 60,
    17: 60,
    32: 60,
    341: 300,
    613: 30,
    1200: 5,
    80001: 60,
    80006: 60,
    (10, 1893063): 3600,
    (100, 2018008): 5,
}
ATTEMPTS: dict[int | tuple[int, int], int] = {1: 2, 2: 4, 1200: 4, (100, 2018008): 2}
# The page's or the app's trouble: every message of the device waits.
EVERYONE = {4, 17, 32, 341, 613, 80001, 80006, (10, 1893063)}
SENT_ANYWAY = {(1, 1357046)}  # the answer was broken, the message is out
FREQUENCY = {(4, 2018354), (9, 2018352)}  # this customer has had enough of marketing: no retry
TOKEN = frozenset({102, 190})


def from_answer(answer: Answer, *, repeatable: bool) -> ProviderError:
    """The ProviderError for an answer that is not the one hoped for."""
    body = meta_errors.json_of(answer) or {}
    error = payload.as_dict(body.get("error"))
    if not error:
        return meta_errors.not_graph(answer, repeatable)
    told = meta_errors.describe(error)
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    keys = ((code, subcode), code)
    known = {name: _found(table, keys) for name, table in (("wait", RETRY_AFTER), ("word", WORDS))}
    words = told["message"] or f"Meta refused the call with HTTP {answer.status}."
    dead = code in TOKEN and not about_role(code, subcode, words)
    unclear = (code, subcode) in SENT_ANYWAY or (answer.status >= 500 and code not in EVERYONE)
    enough = (code, subcode) in FREQUENCY
    retry = not enough and (known["wait"] is not None or error.get("is_transient") is True)
    return ProviderError(
        words,
        code=known["word"] or ("token_refused" if dead else f"{code}" if code is not None else None),
        permanent=not unclear and not retry,
        retry_after=known["wait"],
        max_attempts=_found(ATTEMPTS, keys),
        everyone=not enough and any(key in EVERYONE for key in keys),
        reauth=dead,
        blocked=known["word"] == "policy_block" or about_role(code, subcode, words),
        unknown_outcome=unclear and not repeatable,
        details=f"{code}/{subcode}" if subcode else f"{code}",
    )


def about_role(code: int | None, subcode: int | None, message: str) -> bool:
    """A 190 that is not about the token: whoever connected has lost their role on the page."""
    return code == 190 and (subcode == 492 or "before impersonating a user's page" in message)


def _found(table: dict, keys: tuple):
    return next((table[key] for key in keys if key in table), None)


def _number(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
