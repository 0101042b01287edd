"""Facebook pages, the people who write to them, and how the simulated Messenger behaves."""

import itertools
import secrets
import time
from dataclasses import dataclass, field

from cloudchat.simulators.meta.graph import bad_token, expired_token, same_token, unknown_object
from cloudchat.simulators.phone.state import Account, Chats, Message

DEMO_PAGE, DEMO_PAGE_TOKEN = "112233445566778", "EAAsimulatorpagetoken0001"
ALL_TASKS = ["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"]


@dataclass
class Page(Account):
    """A page. `token_error`: a subcode of 190. `refuses`: what subscribing is answered with. `callback`:
    where its webhooks go instead of the app's address."""

    tasks: list = field(default_factory=lambda: list(ALL_TASKS))
    subscribed: bool = False
    token_error: int = 0
    refuses: str = ""  # "" | not_in_bm | false (success: false)
    callback: str = ""


@dataclass
class Behaviour:
    """Switches for what Messenger does by itself."""

    echoes: bool = True
    deliveries: bool = True
    reads: bool = True
    delay: float = 0.2
    window: bool = True
    human_agent: bool = True  # has the app the Human Agent feature?


class Pages(Chats):
    """All pages and their threads."""

    def begin(self) -> None:
        self.behaviour = Behaviour()
        self.attachments: dict[str, str] = {}  # attachment id -> file id
        self._mids = itertools.count(1)
        for page in (
            Page(DEMO_PAGE, "Toko Demo", DEMO_PAGE_TOKEN, "Halaman Facebook"),
            Page("112233445566780", "Toko Cabang Bandung", "EAAsimulatorpagetoken0002", "Halaman Facebook"),
            Page(
                "112233445566781",
                "Toko Belum di Business Manager",
                "EAAsimulatorpagetoken0003",
                "Halaman Facebook",
                refuses="not_in_bm",
            ),
            Page(
                "112233445566782",
                "Halaman Komunitas",
                "EAAsimulatorpagetoken0004",
                "Halaman Facebook",
                tasks=["ANALYZE"],
            ),
        ):
            self.accounts[page.id] = page
        for person, name in (("24000000000000001", "Budi Santoso"), ("24000000000000002", "Sari Dewi")):
            self.person(DEMO_PAGE, person, name)

    def mid(self) -> str:
        return f"m_{next(self._mids)}{secrets.token_hex(8)}"

    def authorize(self, page: Page, token: str) -> None:
        """Meta's answers to a token that does not open this page."""
        if same_token(token, page.token):
            if page.token_error:
                raise expired_token(page.token_error)
            return
        if self.token_known(token):
            raise unknown_object(page.id)
        raise bad_token()

    def token_known(self, token: str) -> bool:
        return self.by_token(token) is not None

    def people_called(self, person_id: str) -> str | None:
        """The id, if anybody has it."""
        return person_id if any(one == person_id for _, one in list(self.people)) else None

    def url_of(self, message: Message) -> str:
        return f"{self.world.shared['url']}/messenger/file/{message.file.id}"


def milliseconds(at: float | None = None) -> int:
    return int((at or time.time()) * 1000)
