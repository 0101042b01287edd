"""The little of WebSocket (RFC 6455) that a benchmark needs: no library between it and the clock."""

import base64
import hashlib
import os
import re
import socket

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MARK = re.compile(rb"#(\d+)#")  # each event carries its number so


def text_frame(body: bytes) -> bytes:
    """A whole text message as a server sends it."""
    if len(body) < 126:
        return bytes((0x81, len(body))) + body
    return bytes((0x81, 126)) + len(body).to_bytes(2, "big") + body


def masked_frame(body: bytes) -> bytes:
    """A short text message as a client sends it; a mask of zeros is a mask too."""
    if len(body) < 126:
        return bytes((0x81, 0x80 | len(body))) + bytes(4) + body
    return bytes((0x81, 0xFE)) + len(body).to_bytes(2, "big") + bytes(4) + body


def split(data: bytes, inflate) -> tuple[list[bytes], bytes]:
    """The whole messages of what arrived, and the unfinished rest.

    `inflate` opens compressed ones, in the order in which they came. Raises ConnectionError at the
    server's close.
    """
    messages, place = [], 0
    while len(data) - place >= 2:
        size, start = data[place + 1] & 0x7F, place + 2
        if size == 126:
            size, start = int.from_bytes(data[start : start + 2], "big"), start + 2
        elif size == 127:
            size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        if start > len(data) or start + size > len(data):
            break
        if data[place] & 0x0F == 8:
            raise ConnectionError("the server closed the socket")
        body = data[start : start + size]
        compressed = data[place] & 0x40
        messages.append(inflate(body + b"\x00\x00\xff\xff") if compressed else body)
        place = start + size
    return messages, data[place:]


def upgrade(port: int, path: str) -> bytes:
    """The request that opens a WebSocket, with the compression that every browser offers."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    ).encode()


def accept(request: bytes) -> bytes:
    """The server's answer to it."""
    key = re.search(rb"sec-websocket-key: *(\S+)", request, re.I)[1].decode()
    digest = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {digest}\r\n\r\n"
    ).encode()


def plain(sock: socket.socket) -> socket.socket:
    """Without Nagle's delay."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
