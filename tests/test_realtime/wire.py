"""A WebSocket client that may break every rule: it sends the bytes it is told to."""

import base64
import os
import socket

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(code: int, body: bytes = b"", *, final=True, reserved=0, mask: bytes | None = None) -> bytes:
    """A client's frame; `mask=b""` leaves the mask out."""
    size = len(body)
    head = bytes([final << 7 | reserved << 4 | code])
    mask = os.urandom(4) if mask is None else mask
    flag = 0x80 if mask else 0
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([flag | 127]) + size.to_bytes(8, "big")
    return head + mask + (masked(body, mask) if mask else body)


def masked(body: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(body))


def text(message: str) -> bytes:
    """A text message of Engine.IO."""
    return frame(TEXT, b"4" + message.encode())


class Wire:
    """One connection. `hear` gives the next frame as (code, body); (None, b"") at the end."""

    def __init__(self, port: int, then: bytes = b"", **headers):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.rest = b""
        headers = {
            "Host": "localhost",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = "/engine.io/?EIO=4&transport=websocket"
        self.send(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode() + then)
        while b"\r\n\r\n" not in self.rest:
            self._more()
        self.head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        if b" 101 " in self.head:
            assert self.hear()[1].startswith(b"0{")

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def hear(self) -> tuple[int | None, bytes]:
        try:
            head = self._take(2)
            assert not head[1] & 0x80, "a server's frame is not masked"
            size = head[1]
            if size > 125:
                size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
            return head[0] & 15, self._take(size)
        except EOFError:
            return None, b""

    def last_words(self) -> int | None:
        """The code with which the other end closes; what it said before is skipped."""
        code, body = self.hear()
        while code not in (CLOSE, None):
            code, body = self.hear()
        if code is None:
            return None
        assert self.hear() == (None, b""), "after the goodbye nothing comes"
        return int.from_bytes(body[:2], "big") if body else 1005

    def says(self, message: str) -> str:
        """Send a text and wait for the answer; pings are passed over."""
        self.send(text(message))
        return self.hear_text()

    def hear_text(self) -> str:
        while True:
            code, body = self.hear()
            assert code is not None, "the line ended"
            if code == TEXT and body[:1] == b"4":
                return body[1:].decode()

    def _take(self, size: int) -> bytes:
        while len(self.rest) < size:
            self._more()
        taken, self.rest = self.rest[:size], self.rest[size:]
        return taken

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError
        self.rest += data

    def close(self) -> None:
        self.sock.close()
