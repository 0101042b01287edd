"""A mail server that takes every mail and keeps it."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_string, policy

from cloudchat import config


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"RCPT" and self.server.refuses:
                self.wfile.write(b"550 nobody\r\n" if self.server.refuses == "for good" else b"451 later\r\n")
                continue
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                self.server.mails.append(text.decode())
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


class Mailbox(socketserver.ThreadingTCPServer):
    """`mails` as they came; `to(address)`: the texts for one person, the newest last."""

    refuses = ""  # "later" or "for good"

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.mails: list[str] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def to(self, address: str) -> list[str]:
        read = [message_from_string(text, policy=policy.default) for text in self.mails]
        return [one.get_content() for one in read if one["To"] == address]

    def link_to(self, address: str) -> str:
        """The link in the newest mail to somebody."""
        return re.findall(r"https?://\S+", self.to(address)[-1])[-1]


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A running one, which the app in this process sends to."""
    server = Mailbox()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    usual = config.active()
    config.activate(replace(usual, smtp_url=server.url))
    try:
        yield server
    finally:
        config.activate(usual)
        server.shutdown()
        server.server_close()
