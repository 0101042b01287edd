"""P6, P7 and P11: what the inbox costs in statements and milliseconds; the badges."""

import http.client
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.bench import progress, report
from tests.bench.progress import say
from tests.bench.report import Figure, at
from tests.bench.seed import Place
from tests.bench.stack import Stack

LIST = "/api/app/inbox/conversations?limit={}"
PAGE = "/app/inbox"


@contextmanager
def statements() -> Iterator[list[tuple[str, float]]]:
    """What this process sends to PostgreSQL meanwhile: (text, seconds)."""
    seen: list[tuple[str, float]] = []
    began: list[float] = []

    def before(*_) -> None:
        began.append(time.perf_counter())

    def after(_connection, _cursor, statement, *_) -> None:
        seen.append((statement, time.perf_counter() - began.pop()))

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


# --- P6 ----------------------------------------------------------------------------------------


def p6(stack: Stack, shop: Place, quick: bool) -> Figure:
    """Statements of one inbox page, the choice of the organization included."""
    # The page itself always has 50 rows; a label that ten conversations carry makes it short.
    pages = {
        "JSON, 10 rows": LIST.format(10),
        "JSON, 100 rows": LIST.format(100),
        "HTML, 10 rows": f"{PAGE}?label={shop.labels[0]}",
        "HTML, 50 rows": f"{PAGE}?status=all",
    }
    client = stack.app.test_client()
    headers = {"Authorization": f"Bearer {shop.manager_token}"}
    counts, texts, refused = {}, {}, []
    for name, path in pages.items():
        client.get(path, headers=headers)  # the first one loads what is kept
        with statements() as seen:
            answer = client.get(path, headers=headers)
        if answer.status_code != 200:
            refused.append(name)
        counts[name] = len(seen)
        texts[name] = [" ".join(text.split())[:90] for text, _ in seen]
    most = max(counts.values())
    even = all(
        len({number for name, number in counts.items() if name.startswith(kind)}) == 1
        for kind in ("JSON", "HTML")
    )
    say(f"P6: {counts}, refused: {refused}")
    return Figure(
        "P6",
        "SQL statements of an inbox page",
        "statements",
        [float(most)],
        "<= 6, the same for 10 and 100 rows",
        most <= 6 and even and not refused,
        details={"counts": counts, "refused": refused, "statements": texts},
    )


# --- P7 ----------------------------------------------------------------------------------------

KEYSET = """
    explain (analyze, format json) select * from conversations
    where organization_id = %s order by last_message_at desc, id desc limit 50
"""


def p7(stack: Stack, shop: Place, quick: bool) -> Figure:
    """The first and the last page of the list by its cursor, in turns, over one connection."""
    times, rounds = (60, 1) if quick else (200, 3)
    first, last = LIST.format(50), LIST.format(50) + "&cursor=" + _last_cursor(stack, shop)
    found, limits = [], [_keyset(stack, shop)]
    with stack.web():
        _timed(stack, shop, [first, last, PAGE], 20)
        for _ in range(rounds):
            progress.quiet()
            found.append(_timed(stack, shop, [first, last, PAGE], times))
            limits.append(_keyset(stack, shop))
            say(f"P7: {found[-1]}")
    p95 = [run[0]["p95_ms"] for run in found]
    depth = statistics.median(run[1]["p50_ms"] / run[0]["p50_ms"] for run in found)
    limit = report.limit("L3", "the page of 50 by keyset, inside PostgreSQL", "ms", limits)
    middle = report.summary(p95)["median"]
    return Figure(
        "P7",
        "inbox page of 50 of 100,000 conversations over HTTP, p95",
        "ms",
        p95,
        "<= 40 ms; last page / first page <= 1.5",
        middle <= 40 and depth <= 1.5,
        limit,
        round(middle / limit["median"], 1),
        {
            "last_page_by_first": round(depth, 2),
            "first_page": [run[0] for run in found],
            "last_page": [run[1] for run in found],
            "whole_html_page": [run[2] for run in found],
        },
    )


def _last_cursor(stack: Stack, shop: Place) -> str:
    """The cursor whose page is the list's last."""
    from cloudchat.web import encode_cursor

    with stack.sql() as connection:
        moment, row_id = connection.execute(
            "select last_message_at, id from conversations where organization_id = %s"
            " order by last_message_at, id offset 50 limit 1",
            [shop.organization_id],
        ).fetchone()
    return encode_cursor(moment.isoformat(), row_id)


def _timed(stack: Stack, shop: Place, paths: list[str], times: int) -> list[dict]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port)
    headers = {"Authorization": f"Bearer {shop.manager_token}"}
    took: list[list[float]] = [[] for _ in paths]
    for _ in range(times):
        for place, path in enumerate(paths):
            began = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            took[place].append((time.perf_counter() - began) * 1000)
            if answer.status != 200 or (path != PAGE and len(json.loads(body)["items"]) != 50):
                raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
    connection.close()
    return [{"p50_ms": round(at(values, 50), 2), "p95_ms": round(at(values, 95), 2)} for values in took]


def _keyset(stack: Stack, shop: Place) -> float:
    with stack.sql() as connection:
        plans = [connection.execute(KEYSET, [shop.organization_id]).fetchone()[0][0] for _ in range(30)]
    return statistics.median(plan["Execution Time"] for plan in plans)


# --- P11 ---------------------------------------------------------------------------------------

BARE_COUNT = """
    select count(*), coalesce(sum(unread_count), 0) from conversations
    where organization_id = %s and unread_count > 0 and (assignee_id = %s or assignee_id is null)
"""


def p11(stack: Stack, shop: Place, quick: bool) -> Figure:
    """One agent's badge and all agents' badges: SQL time, and the truth of each number."""
    rounds = 1 if quick else 3
    one, everybody, limits = [], [], [_bare(stack, shop)]
    for _ in range(rounds):
        one.append(_badge_ms(stack, shop, lambda unread: unread.count_for(shop.user_ids[0])))
        everybody.append(_badge_ms(stack, shop, lambda unread: unread.counts()))
        limits.append(_bare(stack, shop))
    equal = badges_equal(stack, shop)
    worst = [max(pair) for pair in zip(one, everybody, strict=True)]
    limit = report.limit("count", "a bare COUNT(*) of one agent's unread, prepared", "ms", limits)
    middle = report.summary(worst)["median"]
    say(f"P11: one {one}, all {everybody} ms, limit {limits}, equal: {equal}")
    return Figure(
        "P11",
        "badge counts, SQL time (the slower of one agent's and all agents' at once)",
        "ms",
        worst,
        "<= 2 ms at 1 M messages, equal to COUNT(*)",
        middle <= 2 and equal,
        limit,
        round(middle / limit["median"], 2),
        {
            "one_agent_ms": report.rounded(one),
            "all_agents_ms": report.rounded(everybody),
            "equal_to_count": equal,
            "unread_conversations": _bare_count(stack, shop, shop.user_ids[0])[0],
        },
    )


def _badge_ms(stack: Stack, shop: Place, count) -> float:
    from cloudchat.services import unread
    from cloudchat.tenancy import acting_as

    took = []
    with stack.app.app_context():
        for _ in range(50):
            with acting_as(shop.organization_id), statements() as seen:
                count(unread)
            took.append(sum(s for text, s in seen if "set_config" not in text) * 1000)
    return statistics.median(took)


def badges_equal(stack: Stack, shop: Place) -> bool:
    """Whether each agent's badge is what COUNT(*) says, asked in both ways of the product."""
    from cloudchat.services import unread
    from cloudchat.tenancy import acting_as

    with stack.app.app_context(), acting_as(shop.organization_id):
        together = unread.counts()
        alone = {user: unread.count_for(user) for user in shop.user_ids}
    true = {user: _bare_count(stack, shop, user) for user in shop.user_ids}
    return all(
        (told.conversations, told.messages) == true[user]
        for counted in (together, alone)
        for user, told in counted.items()
        if user in true
    )


def _bare_count(stack: Stack, shop: Place, user: int) -> tuple[int, int]:
    with stack.sql() as connection:
        return connection.execute(BARE_COUNT, [shop.organization_id, user]).fetchone()


def _bare(stack: Stack, shop: Place) -> float:
    took = []
    with stack.sql() as connection:
        for _ in range(60):
            began = time.perf_counter()
            connection.execute(BARE_COUNT, [shop.organization_id, shop.user_ids[0]], prepare=True)
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[10:])
