"""Calls to addresses that people give us: to public hosts only, never into our own network.

A name is resolved once, every address that it has is checked, and the connection goes to the address
that was checked: a name that points elsewhere a moment later changes nothing. Redirects are not
followed. Hosts of ALLOWED_PRIVATE_HOSTS ("127.0.0.1:5001") are taken as they are, also without TLS.
"""

import ipaddress
import os
import socket
import time
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import httpx

from cloudchat import config
from cloudchat.errors import AppError

MAX_ANSWER = 64 * 1024
LONGEST_URL = 2048
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(AppError):
    """The address is not https, or leads to a place that is not public."""

    status, code = 422, "address_refused"


class NoAnswer(Exception):
    """The other side could not be reached or did not answer; `str()` says how."""


def check(url: str) -> httpx.URL:
    """The address, if it may be kept: what can be said without asking DNS. Raises AddressRefused."""
    try:
        parsed = httpx.URL(url) if len(url) <= LONGEST_URL and url.isprintable() else None
    except (httpx.InvalidURL, UnicodeError, ValueError):
        parsed = None
    if parsed is None or not parsed.host or parsed.userinfo:
        raise AddressRefused()
    if _is_allowed(parsed):
        return parsed
    literal = _literal(parsed.host)
    if parsed.scheme != "https" or (literal and not is_public(literal)) or _is_local_name(parsed.host):
        raise AddressRefused()
    return parsed


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it belongs to the open internet, also behind the ways to write IPv4 in IPv6."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def send(
    method: str, url: str, *, content: bytes, headers: dict[str, str], seconds: float = 10
) -> httpx.Response:
    """Make the call; answers status, headers and at most MAX_ANSWER of the body.

    Raises AddressRefused, NoAnswer.
    """
    parsed = check(url)
    place, more = parsed, {}
    if not _is_allowed(parsed):
        place = parsed.copy_with(host=_public_address(parsed))
        more = {"sni_hostname": parsed.host}
    headers = {**headers, "Host": parsed.netloc.decode(), "Accept-Encoding": "identity"}
    return _call(method, place, content, headers, more, seconds)


def _call(
    method: str, place: httpx.URL, content: bytes, headers: dict, extensions: dict[str, Any], seconds: float
) -> httpx.Response:
    timeout = httpx.Timeout(seconds, connect=min(5.0, seconds))
    try:
        request = _client().build_request(method, place, content=content, headers=headers, timeout=timeout)
        request.extensions.update(extensions)
        answer = _client().send(request, stream=True, follow_redirects=False)
        try:
            body, until = b"", time.monotonic() + seconds
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) >= MAX_ANSWER or time.monotonic() > until:
                    break
        finally:
            answer.close()
    except httpx.HTTPError as error:
        raise NoAnswer(type(error).__name__) from error
    return httpx.Response(answer.status_code, headers=_plain(answer.headers), content=body[:MAX_ANSWER])


def _plain(headers: httpx.Headers) -> list[tuple[str, str]]:
    """Without those that describe the body's transport: it has arrived."""
    left_out = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in headers.items() if name.lower() not in left_out]


@cache
def _client() -> httpx.Client:
    # trust_env off: a proxy would look the name up by itself, past our check
    return httpx.Client(trust_env=False, headers={"User-Agent": "CloudChat"})


# A forked RQ worker must not write into its parent's connections.
os.register_at_fork(after_in_child=_client.cache_clear)


def _public_address(parsed: httpx.URL) -> str:
    """One address of the host, when all that it has are public: one that is not could be tried next."""
    try:
        found = socket.getaddrinfo(
            parsed.raw_host.decode(), parsed.port or 443, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError) as error:
        raise NoAnswer("the name is not known") from error
    addresses = [ipaddress.ip_address(entry[4][0].partition("%")[0]) for entry in found]
    if not addresses or not all(map(is_public, addresses)):
        raise AddressRefused()
    return str(addresses[0])


def _is_allowed(parsed: httpx.URL) -> bool:
    port = parsed.port or {"http": 80, "https": 443}.get(parsed.scheme)
    allowed = config.active().allowed_private_hosts
    return parsed.scheme in ("http", "https") and f"{parsed.host}:{port}" in allowed


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    """Names that mean this machine or network; "localhost." and single words among them."""
    name = host.rstrip(".").lower()
    return ("." not in name and ":" not in name) or name.endswith((".localhost", ".local", ".internal"))
