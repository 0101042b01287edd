"""Sessions, and how the simulated gateway is told to behave."""

import random
import secrets
import struct
import zlib
from dataclasses import dataclass, field

from cloudchat.simulators.phone.state import Account, Chats

DEMO_SESSION, DEMO_KEY = "toko-demo", "simulator-gateway-key"
WEBHOOK_DEFAULTS = ("message", "session.status")


@dataclass
class Session(Account):
    """A session: a phone that is linked, or waits to be. `token` is the gateway's key."""

    status: str = "STOPPED"
    linked: bool = False
    number: str = "6281100000002"
    webhooks: list = field(default_factory=list)
    metadata: dict = field(default_factory=dict)
    code: int = 0  # which code is shown

    @property
    def me(self) -> dict | None:
        return {"id": f"{self.number}@c.us", "pushName": self.name} if self.linked else None

    def view(self) -> dict:
        """As the gateway tells of it."""
        config = {"metadata": self.metadata, "webhooks": self.webhooks}
        return {"name": self.id, "status": self.status, "config": config, "me": self.me}


@dataclass
class Behaviour:
    """Switches for what the gateway does by itself."""

    acks: bool = True
    ack_delay: float = 0.3
    echo_sent: bool = True  # message.any also reports what was sent through the gateway
    echo_first: bool = False  # … and does so before it has answered the call
    engine: str = "NOWEB"  # WEBJS answers with another shape of id
    sign: bool = True


class Gateway(Chats):
    """All sessions of one gateway and their chats."""

    def begin(self) -> None:
        self.behaviour = Behaviour()
        self.api_key = DEMO_KEY
        demo = Session(DEMO_SESSION, "WA Toko Demo", DEMO_KEY, "+62 811-0000-0002", "WORKING", True)
        self.accounts[demo.id] = demo
        for phone, name in (("6281234567801", "Budi Santoso"), ("6281234567802", "Sari Dewi")):
            self.person(demo.id, phone, name)

    def message_id(self, mine: bool, chat: str) -> str:
        return f"{'true' if mine else 'false'}_{chat}_{secrets.token_hex(10).upper()}"


def chat_of(person_id: str) -> str:
    return person_id if "@" in person_id else f"{person_id}@c.us"


def person_of(chat: str) -> str:
    return chat.removesuffix("@c.us").removesuffix("@s.whatsapp.net")


def code_picture(seed: str, modules: int = 29, scale: int = 8) -> bytes:
    """A picture that looks like a QR code and holds nothing: the phone page's button plays the scan."""
    chance = random.Random(seed)
    dark = [[chance.random() < 0.5 for _ in range(modules)] for _ in range(modules)]
    for top, left in ((0, 0), (0, modules - 7), (modules - 7, 0)):
        for y in range(-1, 8):
            for x in range(-1, 8):
                if 0 <= top + y < modules and 0 <= left + x < modules:
                    ring = max(abs(y - 3), abs(x - 3))
                    dark[top + y][left + x] = ring in (0, 1, 3)
    margin = [[False] * (modules + 8)] * 4
    wide = [*margin, *([False] * 4 + row + [False] * 4 for row in dark), *margin]
    lines = [b"\0" + bytes(0 if cell else 255 for cell in row for _ in range(scale)) for row in wide]
    raw = b"".join(line for line in lines for _ in range(scale))
    side = len(wide) * scale
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
