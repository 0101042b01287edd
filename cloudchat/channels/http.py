"""Calls to providers: one pooled client, short patience, no redirects, answers of limited size.

Every failure comes out as a ProviderError that says whether the call may have taken effect.
"""

import os
import ssl
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from cloudchat.errors import ProviderError

MAX_ANSWER = 1024 * 1024
MAX_SECONDS = 120  # for a body that drips just fast enough for the read time-out
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_UNSENDABLE = (
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
    UnicodeError,
    ValueError,
)


class _TooLarge(Exception):
    """The answer passed its limit."""


# The simulators are beside us, not behind the proxy that the environment may name.
_NO_PROXY = dict.fromkeys(("all://localhost", "all://127.0.0.1"))


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes


@cache
def tls() -> ssl.SSLContext:
    """Whom to trust. Forks may share it: it takes longer to make than many a call."""
    return httpx.create_ssl_context()


@cache
def _client() -> httpx.Client:
    # Plain bodies only: a compressed one could grow past every limit in a single chunk.
    return httpx.Client(
        headers={"Accept-Encoding": "identity", "User-Agent": "CloudChat"},
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        follow_redirects=False,
        mounts=_NO_PROXY,
        verify=tls(),
    )


# A forked RQ worker must not write into its parent's connections.
os.register_at_fork(after_in_child=_client.cache_clear)


def timeouts(seconds: float) -> httpx.Timeout:
    """Patience for the parts of one call: `seconds` for the answer, at most 5 to connect."""
    return httpx.Timeout(seconds, connect=min(5.0, seconds), pool=min(5.0, seconds))


def call(
    method: str,
    url: str | httpx.URL,
    *,
    repeatable: bool,
    limit: int = MAX_ANSWER,
    **request: Any,
) -> Answer:
    """Make one call; `request` is httpx's. Raises ProviderError where there is no complete answer.

    repeatable: doing it twice does no harm, so a lost answer is simply a reason to try again.
    """
    try:
        with _client().stream(method, url, **request) as response:
            return Answer(response.status_code, response.headers, _read(response, limit))
    except _NEVER_SENT as error:
        raise ProviderError(
            "The provider cannot be reached.",
            code="unreachable",
            permanent=False,
            everyone=True,
            details=type(error).__name__,
        ) from error
    except _UNSENDABLE as error:
        raise ProviderError(
            "The call cannot be made with these settings.",
            code="bad_call",
            permanent=True,
            details=type(error).__name__,
        ) from error
    except _TooLarge as error:
        raise ProviderError(
            f"The answer is larger than {limit} bytes.",
            code="too_large",
            permanent=repeatable,
            unknown_outcome=not repeatable,
        ) from error
    except httpx.HTTPError as error:
        raise ProviderError(
            "The provider did not answer.",
            code="no_answer",
            permanent=False,
            everyone=True,
            unknown_outcome=not repeatable,
            details=type(error).__name__,
        ) from error


def unreadable(*, repeatable: bool) -> ProviderError:
    """The ProviderError for a success that does not say what happened."""
    return ProviderError(
        "The provider's answer cannot be read.",
        code="unreadable_answer",
        permanent=False,
        everyone=True,
        unknown_outcome=not repeatable,
    )


def _read(response: httpx.Response, limit: int) -> bytes:
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > limit:
        raise _TooLarge
    deadline = time.monotonic() + MAX_SECONDS
    body = bytearray()
    for chunk in response.iter_raw():
        body += chunk
        if len(body) > limit:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer drips")
    return bytes(body)
