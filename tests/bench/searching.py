"""P16: searches of the inbox, of contacts and of a board, by words that nobody, some or everybody has."""

import http.client
import time
from urllib.parse import urlencode

from tests.bench import boards, progress
from tests.bench.progress import say
from tests.bench.report import Figure, at
from tests.bench.seed import Place
from tests.bench.stack import Stack

BAR = 150.0  # milliseconds, p95
# Everybody, nearly everybody, two letters, a name, one person in three ways, a word of many messages,
# several words with a beginning, nobody.
WORDS = (
    *("+6281", "62811000", "ba", "Bu", "Siti Lestari", "0811 0000 0777", "budi santoso 777"),
    *("stok barang", "nomor 454", "terima kasih banyak nomor 5", "zzzqqq"),
)


def p16(stack: Stack, shop: Place, quick: bool) -> Figure:
    """Milliseconds for each search over HTTP, all places and words in turns."""
    pipeline_id, _ = boards.board_of(stack, shop)
    places = ("inbox/conversations", "contacts", f"pipelines/{pipeline_id}/board")
    times, rounds = (4, 1) if quick else (10, 3)
    runs, slowest = [], {}
    with stack.web():
        _took(stack, shop, places, 1)
        for _ in range(rounds):
            progress.quiet()
            took = _took(stack, shop, places, times)
            runs.append(at([value for values in took.values() for value in values], 95))
            slowest = {name: round(at(values, 50), 1) for name, values in took.items()}
    say(f"P16: p95 {[round(run, 1) for run in runs]} ms")
    return Figure(
        "P16",
        "search of inbox, contacts and board over HTTP, p95 of all words",
        "ms",
        runs,
        f"<= {BAR:.0f} ms",
        sorted(runs)[len(runs) // 2] <= BAR,
        details={"p50_ms": slowest},
    )


def _took(stack: Stack, shop: Place, places: tuple[str, ...], times: int) -> dict[str, list[float]]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    headers = {"Authorization": f"Bearer {shop.manager_token}"}
    took: dict[str, list[float]] = {}
    for _ in range(times):
        for place in places:
            for words in WORDS:
                began = time.perf_counter()
                connection.request("GET", f"/api/app/{place}?{urlencode({'q': words})}", headers=headers)
                answer = connection.getresponse()
                answer.read()
                took.setdefault(f"{place}: {words}", []).append((time.perf_counter() - began) * 1000)
                if answer.status != 200:
                    raise RuntimeError(f"{place}?q={words}: {answer.status}")
    connection.close()
    return took
