"""Calls to addresses that users give us (webhooks), which must never reach our own network.

The name is resolved once, every address is looked at, and the connection goes to exactly the
address that was looked at: a name that answers differently a moment later gains nothing. Redirects
are not followed, proxies of the environment are not used, of the answer only a beginning is read, and
a call is over after twenty seconds however slowly it drips.
"""

import ipaddress
import os
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpcore
import httpx

PORTS = frozenset({80, 443, 8080, 8443})
LONGEST_URL = 2000
INWARD = (".localhost", ".local", ".internal", ".home.arpa")
TIMEOUT = httpx.Timeout(10, connect=5)
LONGEST = 20.0  # seconds for a whole call
_allowed: frozenset[str] = frozenset()


class Refused(Exception):
    """The address is not one that we call."""


class Failed(Exception):
    """The call did not work out; `permanent` where trying again cannot help."""

    def __init__(self, reason: str, permanent: bool = False, status: int | None = None):
        super().__init__(reason)
        self.reason, self.permanent, self.status = reason, permanent, status


def configure(allowed: Iterable[str]) -> None:
    """Hosts of the own network (`host:port`) that the operator lets users call all the same."""
    global _allowed
    _allowed = frozenset(allowed)


def is_allowed(url: str) -> bool:
    """Does the operator let users call this host of the own network?"""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}" in _allowed


def check_url(url: str) -> None:
    """Refuse what can be seen to be wrong when an address is saved. A name that cannot be resolved
    just now is let through: the connection looks again."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Refused("port") from None
    host = parts.hostname
    if len(url) > LONGEST_URL or parts.scheme not in ("http", "https") or not host:
        raise Refused("not an http address")
    if parts.username is not None or parts.password is not None:
        raise Refused("credentials in the address")
    if any(char.isspace() or ord(char) < 33 for char in url):
        raise Refused("blanks")
    if f"{host}:{port}" in _allowed:
        return
    if port not in PORTS:
        raise Refused("port")
    if f".{host.rstrip('.').lower()}".endswith(INWARD):
        raise Refused("a name of the own network")
    try:
        _safe_addresses(host, port)
    except OSError:
        return


def _safe_addresses(host: str, port: int) -> list[str]:
    """The addresses of a host, all of them public. Raises Refused, OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        raise Refused("host name") from None
    addresses = list(dict.fromkeys(entry[4][0] for entry in found))
    if f"{host}:{port}" not in _allowed and not all(map(is_public, addresses)):
        raise Refused("an address of a private network")
    return addresses


def is_public(address: str) -> bool:
    """Is it an address of the open internet, also behind its IPv6 disguises?"""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(item is not None and not is_public(str(item)) for item in inner):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class _Limited(httpcore.NetworkStream):
    """A connection on which nothing takes longer than the call may: time-outs for each read alone
    would let an answer drip for ever."""

    def __init__(self, inner: httpcore.NetworkStream, until: float):
        self._inner, self._until = inner, until

    def _left(self, timeout: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the call took too long")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes, timeout=None):
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer, timeout=None):
        self._inner.write(buffer, self._left(timeout))

    def close(self):
        self._inner.close()

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        return _Limited(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._until)

    def get_extra_info(self, info):
        return self._inner.get_extra_info(info)


class _Guard(httpcore.SyncBackend):
    """Opens connections to looked-at addresses only. TLS still asks for the host's own name."""

    def __init__(self, seconds: float):
        super().__init__()
        self._until = time.monotonic() + seconds

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        if port not in PORTS and f"{host}:{port}" not in _allowed:
            raise Refused("port")
        try:
            addresses = _safe_addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        stream = super().connect_tcp(addresses[0], port, timeout, local_address, socket_options)
        return _Limited(stream, self._until)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


os.register_at_fork(after_in_child=_tls.cache_clear)


def _transport(seconds: float) -> httpx.HTTPTransport:
    transport = httpx.HTTPTransport(trust_env=False, verify=_tls())
    transport._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=_Guard(seconds), retries=0)
    return transport


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status, and the beginning of its words."""

    status: int
    text: str = ""


def call(
    url: str, body: bytes, headers: dict[str, str], keep: int = 0, seconds: float | None = None
) -> Answer:
    """Post; of the answer's body at most `keep` bytes are read. With `seconds` the answer may take as long,
    and no longer. Raises Refused, Failed (no answer)."""
    timeout = TIMEOUT if seconds is None else httpx.Timeout(seconds, connect=min(5, seconds))
    # Unpacked, a few bytes could become gigabytes
    headers = {"Accept-Encoding": "identity", **headers}
    try:
        with (
            httpx.Client(
                transport=_transport(seconds or LONGEST),
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
            ) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return Answer(answer.status_code, _beginning(answer, keep))
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Refused(str(error)) from None
    except httpx.TimeoutException:
        raise Failed("no_answer") from None
    except httpx.HTTPError:
        raise Failed("unreachable") from None


def _beginning(answer: httpx.Response, keep: int) -> str:
    kept = b""
    try:
        for chunk in answer.iter_raw(1024) if keep else ():
            kept += chunk
            if len(kept) >= keep:
                break
    except httpx.HTTPError:  # the status says what we need; its words may be cut short
        pass
    return kept[:keep].decode("utf-8", "replace").replace("\0", "")


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post, and answer the status of a 2xx. Raises Refused, Failed."""
    status = call(url, body, headers).status
    if 200 <= status < 300:
        return status
    permanent = 300 <= status < 500 and status not in (408, 425, 429)
    raise Failed("bad_status", permanent=permanent, status=status)
