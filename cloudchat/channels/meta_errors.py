"""What Graph's error codes mean for us: try again, give up, or have the device connected again."""

from collections.abc import Mapping

from cloudchat.channels import payload
from cloudchat.channels.http import Answer, unreadable
from cloudchat.errors import ProviderError

REAUTH = frozenset({0, 190})

# Codes that a retry can mend, with the seconds to wait before it.
RETRY_AFTER: Mapping[int, float] = {
    1: 5,  # unknown
    2: 5,  # temporary
    4: 120,  # rate of the app
    80007: 900,  # rate of the WABA
    130429: 5,  # throughput of the number
    131000: 5,  # unknown
    131016: 10,  # service unavailable
    131056: 1,  # rate of the pair: 4 to the power of the attempt
    131057: 60,  # maintenance or throughput upgrade
    133016: 3600,  # registrations
    135000: 5,  # generic parameter error
}

# How often to try in all, where that is less than for other errors.
ATTEMPTS: Mapping[int, int] = {1: 3, 131000: 4, 135000: 2}

# Codes that no retry mends. Others with a 4xx status are treated the same; these also with 5xx.
PERMANENT = frozenset(
    {3, 10, *range(200, 300), 33, 100, 368}
    | {130472, 130497}
    | {131005, 131008, 131009, 131021, 131026, 131030, 131031, 131037, 131042, 131045, 131047}
    | {131048, 131049, 131050, 131051, 131052, 131053, 131064}
    | {132000, 132001, 132005, 132007, 132012, 132015, 132016}
)

# Troubles of the number, the account or Meta as a whole: every message of the device waits.
EVERYONE = frozenset({2, 4, 80007, 130429, 131016, 131057, 133016})

# Refused before anything was done, so that a retry is safe also where the answer was a 5xx.
NOT_TAKEN = EVERYONE | {131056}

# The account is deleted, locked or without a certificate: nothing can be sent until somebody acts.
BLOCKED = frozenset({33, 368, 131031, 131045})

BACKOFF: Mapping[int, float] = {131056: 4.0}
NOT_BEFORE: Mapping[int, float] = {131049: 86_400}  # Meta chose not to deliver: not within a day
_MAX_WAIT = 86_400


def describe(error: dict) -> dict:
    """An error item of Graph as {"code", "message", "details"}, in the words for people."""
    data = error.get("error_data")
    details = data if isinstance(data, str) else payload.as_dict(data).get("details")
    message = error.get("error_user_msg") or error.get("message") or error.get("title")
    return {
        "code": payload.ident(error.get("code")),
        "message": payload.as_text(message, 1000) or "",
        "details": payload.as_text(details, 1000),
    }


def from_answer(answer: Answer, *, repeatable: bool) -> ProviderError:
    """The ProviderError for an answer that is not the one hoped for.

    repeatable: the call may be made twice, so that an unclear outcome is only a reason to retry.
    """
    body = json_of(answer) or {}
    error = payload.as_dict(body.get("error"))
    if not error:
        return not_graph(answer, repeatable)
    told = describe(error)
    code = _number(told["code"])
    wait = _header_wait(answer) or RETRY_AFTER.get(code) or NOT_BEFORE.get(code)
    permanent = code in REAUTH or code in PERMANENT
    refused = 400 <= answer.status < 500
    temporary = code in RETRY_AFTER or error.get("is_transient") is True or answer.status == 429
    unclear = not permanent and code not in NOT_TAKEN and not refused
    made = ProviderError(
        told["message"] or f"Meta refused the call with HTTP {answer.status}.",
        code=told["code"],
        permanent=permanent or (refused and not temporary),
        retry_after=wait,
        backoff=BACKOFF.get(code, 2.0),
        max_attempts=ATTEMPTS.get(code),
        everyone=code in EVERYONE or answer.status == 429 or unclear,
        reauth=code in REAUTH,
        blocked=code in BLOCKED,
        unknown_outcome=unclear and not repeatable,
        details=told["details"],
    )
    made.subcode = _number(error.get("error_subcode"))
    return made


def json_of(answer: Answer) -> dict | None:
    """The answer's JSON object, cleaned; None where it is something else."""
    try:
        return payload.load_object(answer.body)
    except ValueError:
        return None


def not_graph(answer: Answer, repeatable: bool) -> ProviderError:
    """Not in Graph's words: a gateway's page or a broken body. Below 500 nothing was sent, so retry."""
    if answer.status < 300:
        return unreadable(repeatable=repeatable)
    return ProviderError(
        f"The provider answered with HTTP {answer.status}.",
        code=f"http_{answer.status}",
        permanent=answer.status == 413,
        retry_after=_header_wait(answer),
        everyone=answer.status == 429 or answer.status >= 500,
        unknown_outcome=answer.status >= 500 and not repeatable,
    )


def _header_wait(answer: Answer) -> float | None:
    value = answer.headers.get("Retry-After", "")
    return min(float(value), _MAX_WAIT) if value.isascii() and value.isdigit() else None


def _number(code: str | int | None) -> int | None:
    return int(code) if str(code).isascii() and str(code).isdigit() else None
