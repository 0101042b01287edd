"""A request's headers, read by llhttp (Node's parser): in C, and strict about what is no header.

pywsgi's own way goes through the parser of e-mails, which cost as much as verifying the body.
"""

from typing import IO

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

MAX_FIELDS = 100
MAX_BYTES = 64 * 1024
FIRST_LINE = b"POST / HTTP/1.1\r\n"  # the real one is read by pywsgi; llhttp wants to see one


class Head:
    """The fields in the order in which they came, asked for in the ways of pywsgi."""

    status = ""  # pywsgi: what is wrong with them; here that is raised

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.first: dict[str, str] = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.fields.append((key, text))
        self.first.setdefault(key, text)

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.first.get(name.lower(), default)

    getheader = get

    def __delitem__(self, name: str) -> None:
        del self.first[name]
        self.fields = [field for field in self.fields if field[0] != name]

    def get_all(self, name: str) -> list[str]:
        return [text for key, text in self.fields if key == name]

    @property
    def typeheader(self) -> str | None:
        return self.first.get("content-type")

    @property
    def headers(self) -> list[str]:
        """As lines, from which pywsgi makes the environment."""
        return [f"{name}: {text}" for name, text in self.fields]


def read(stream: IO[bytes]) -> Head:
    """Read up to the empty line. Raises ValueError if these are no headers, or too many."""
    lines = [FIRST_LINE]
    size = 0
    while True:
        line = stream.readline(MAX_BYTES)
        size += len(line)
        if not line or size > MAX_BYTES or len(lines) > MAX_FIELDS + 1:
            raise ValueError("the headers are cut off or too many")
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            break
    head = Head()
    try:
        HttpRequestParser(head).feed_data(b"".join(lines))
    except HttpParserUpgrade:
        pass  # read to the end; what becomes of the connection is ours to say
    except HttpParserError as error:
        raise ValueError(f"bad headers: {error}") from None
    return head
