"""The errors that services raise; `cloudchat.web` is the only place that turns them into answers."""


class AppError(Exception):
    """An expected refusal: a machine word, a sentence for people, an HTTP status, errors by field."""

    status = 400
    code = "bad_request"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        fields: dict[str, list[str]] | None = None,
        extra: dict | None = None,
    ):
        super().__init__(message or self.code)
        self.message = message
        self.code = code or type(self).code
        self.fields = fields or {}
        self.extra = extra or {}


class Unauthorized(AppError):
    status, code = 401, "unauthorized"


class Forbidden(AppError):
    status, code = 403, "forbidden"


class BadSignature(Forbidden):
    code = "bad_signature"


class NotFound(AppError):
    status, code = 404, "not_found"


class Conflict(AppError):
    status, code = 409, "conflict"


class PayloadTooLarge(AppError):
    status, code = 413, "payload_too_large"


class Invalid(AppError):
    status, code = 422, "invalid"


class TooMany(AppError):
    """Refused for its rate; `retry_after` is in seconds."""

    status, code = 429, "too_many_requests"

    def __init__(self, message: str = "", *, retry_after: float = 1, **kwargs):
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class Unavailable(AppError):
    """A part that we need (database, Redis, disk) is away for the moment."""

    status, code = 503, "unavailable"


class ProviderError(Exception):
    """A channel provider refused or failed a call.

    permanent: a retry cannot mend it. retry_after: seconds to wait, where the provider says so.
    backoff: by how much each wait is longer than the one before. max_attempts: how often to try in
    all, where fewer than usual. everyone: the trouble is not this message's but the provider's or
    the account's, so the device as a whole waits and the try does not count against the message.
    unknown_outcome: the call may have taken effect, so it must not be repeated blindly.
    reauth: the device's token is dead and an admin has to connect it again.
    blocked: the provider has shut the account out (locked, unpaid, deleted).
    subcode: Meta's second number, which tells apart what one code means.
    """

    subcode: int | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | int | None = None,
        permanent: bool,
        retry_after: float | None = None,
        backoff: float = 2.0,
        max_attempts: int | None = None,
        everyone: bool = False,
        unknown_outcome: bool = False,
        reauth: bool = False,
        blocked: bool = False,
        details: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.code = str(code) if code is not None else None
        self.permanent = permanent
        self.retry_after = retry_after
        self.backoff = backoff
        self.max_attempts = max_attempts
        self.everyone = everyone
        self.unknown_outcome = unknown_outcome
        self.reauth = reauth
        self.blocked = blocked
        self.details = details
