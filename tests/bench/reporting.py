"""P15: a million turns of a bot summed, and 100,000 of them as Excel while others use the desk."""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from cloudchat.services import bot_analytics, bot_settings
from cloudchat.tenancy import acting_as
from tests.bench import progress
from tests.bench.progress import say
from tests.bench.report import Figure, at
from tests.bench.seed import Place
from tests.bench.stack import Stack

TURNS, ROWS = 1_000_000, 100_000
BAR = 60.0  # seconds for the sums
MEMORY = 300  # MB of the web process meanwhile
MOVED = 1.2  # what the light request may take, by what it takes alone
LIGHT = "/api/app/inbox/unread-count"
PACE = 0.02  # seconds between two light requests

_FILL = """
    insert into chatbot_interactions (
        organization_id, bot_id, question, answer, confidence_score, response_time_ms, was_escalated,
        user_rating, outcome, created_at
    )
    select %(organization_id)s, %(bot_id)s, 'Apakah warna merah ukuran L masih ada nomor ' || k || '?',
           'Masih ada Kak, silakan dipesan.', k %% 10001 / 100.0, k %% 900, k %% 11 = 0,
           case when k %% 7 = 0 then 1 + k %% 5 end,
           (array['answer','answer','suggest','fallback','escalate'])[1 + k %% 5],
           %(until)s::timestamptz - interval '1 minute' * k
    from generate_series(1, %(count)s) as k
"""


def p15(stack: Stack, shop: Place, quick: bool) -> Figure:
    """Seconds for the sums, in this process as in the job; then the file over HTTP."""
    turns, rows = (TURNS // 10, ROWS // 10) if quick else (TURNS, ROWS)
    bot_id = _seed(stack, shop, turns)
    runs = []
    for _ in range(1 if quick else 3):
        progress.quiet()
        with stack.app.app_context(), acting_as(shop.organization_id):
            began = time.monotonic()
            bot_analytics.aggregate_all()
            runs.append(time.monotonic() - began)
        say(f"P15: {turns:,} turns summed in {runs[-1]:.1f} s")
    file = _file(stack, shop, bot_id, rows, 1 if quick else 3)
    say(f"P15: {file}")
    held = file["rss_mb"] <= MEMORY and file["light_p99_by_alone"] <= MOVED
    return Figure(
        "P15",
        f"hourly sums of {turns:,} turns; Excel of {rows:,} rows",
        "s",
        runs,
        f"<= {BAR:.0f} s; file <= {MEMORY} MB RSS, p99 of a light request moved <= 20 %",
        statistics.median(runs) <= BAR and held,
        details={"turns": turns, "file": file},
    )


def _seed(stack: Stack, shop: Place, turns: int) -> int:
    """A bot whose turns end today, one a minute."""
    with stack.app.app_context(), acting_as(shop.organization_id):
        bot_id = bot_settings.create({"name": "P15"}).id
        until = f"{bot_analytics.today()} 00:00+07"
    values = {"organization_id": shop.organization_id, "bot_id": bot_id, "until": until, "count": turns}
    with stack.sql() as connection:
        connection.execute(_FILL, values)
        connection.execute("vacuum (analyze) chatbot_interactions")
    return bot_id


def _file(stack: Stack, shop: Place, bot_id: int, rows: int, rounds: int) -> dict:
    """The file as one reader loads it, and what somebody else's light request takes alone and meanwhile."""
    days = rows // 1440 - 1
    with stack.app.app_context(), acting_as(shop.organization_id):
        last = bot_analytics.today().toordinal() - 1
    dates = [time.strftime("%Y-%m-%d", time.gmtime((day - 719163) * 86400)) for day in (last - days, last)]
    path = f"/api/app/chatbot/bots/{bot_id}/reports/export?format=xlsx&from={dates[0]}&to={dates[1]}"
    found = []
    with stack.web() as process:
        _light(stack, shop, lambda: False, 50)
        for _ in range(rounds):
            progress.quiet()
            alone = _light(stack, shop, lambda: False, 500)
            with _loading(stack, shop, path, process) as load:
                meanwhile = _light(stack, shop, load.is_alive, 50)
            found.append({**load.told, "alone_p99_ms": at(alone, 99), "light_p99_ms": at(meanwhile, 99)})
            found[-1]["light_p50_ms"], found[-1]["alone_p50_ms"] = at(meanwhile, 50), at(alone, 50)
    middle = {name: round(statistics.median(one[name] for one in found), 2) for name in found[0]}
    return {**middle, "rows": (days + 1) * 1440, "light_p99_by_alone": _moved(found)}


def _moved(found: list[dict]) -> float:
    return round(statistics.median(one["light_p99_ms"] / one["alone_p99_ms"] for one in found), 2)


class _Load(threading.Thread):
    """Reads the file to its end: seconds until the first byte and the last, bytes."""

    def __init__(self, stack: Stack, shop: Place, path: str):
        super().__init__(daemon=True)
        self.stack, self.shop, self.path, self.told = stack, shop, path, {}

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port)
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.shop.manager_token}"}
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{self.path}: {answer.status}")
        size = len(answer.read(1))
        self.told["first_byte_s"] = time.perf_counter() - began
        while piece := answer.read(65_536):
            size += len(piece)
        self.told |= {"whole_file_s": time.perf_counter() - began, "file_mb": size / 2**20}
        connection.close()


@contextmanager
def _loading(stack: Stack, shop: Place, path: str, process: psutil.Process) -> Iterator[_Load]:
    """The file is loaded meanwhile; the largest memory of the web process is kept."""
    load, largest = _Load(stack, shop, path), 0.0
    load.start()

    def watch() -> None:
        nonlocal largest
        while load.is_alive():
            largest = max(largest, process.memory_info().rss / 2**20)
            time.sleep(0.05)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield load
    load.join()
    watcher.join()
    load.told["rss_mb"] = largest


def _light(stack: Stack, shop: Place, goes_on, least: int) -> list[float]:
    """Milliseconds of a light request at a steady pace: at least so often, and while it goes on."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    headers = {"Authorization": f"Bearer {shop.tokens[0]}"}
    took: list[float] = []
    while len(took) < least or goes_on():
        began = time.perf_counter()
        connection.request("GET", LIGHT, headers=headers)
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{LIGHT}: {answer.status}")
        time.sleep(PACE)
    connection.close()
    return took
