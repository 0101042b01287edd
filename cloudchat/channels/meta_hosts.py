"""Where Meta keeps files. Nobody may have us call another address, least of all with a token."""

import httpx

from cloudchat.channels.outgoing import refusal

_DOMAINS = ("facebook.com", "fbsbx.com", "fbcdn.net", "whatsapp.net", "whatsapp.com")


def allowed(address: str, graph: httpx.URL) -> httpx.URL:
    """The address, if it is Meta's or that of the Graph in use. Raises ProviderError."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise refusal("bad_media_url", "The file's address cannot be read.") from None
    same = (url.scheme, url.host, url.port) == (graph.scheme, graph.host, graph.port)
    metas = url.scheme == "https" and url.port is None
    metas = metas and f".{url.host}".endswith(tuple(f".{domain}" for domain in _DOMAINS))
    if url.userinfo or not (same or metas):
        raise refusal("bad_media_url", "The file's address is not one of Meta's.")
    return url
