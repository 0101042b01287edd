"""P13: a broadcast of ten thousand in the pace of its number, while customers go on writing."""

import threading
import time
from itertools import pairwise

from cloudchat.extensions import db
from cloudchat.models import Device, MetaTemplate
from cloudchat.tenancy import acting_as
from tests.bench import progress, report
from tests.bench.acks import CONNECTIONS, RATE
from tests.bench.progress import say
from tests.bench.report import Busy, Figure
from tests.bench.seed import Place
from tests.bench.stack import Stack, call, client
from tests.bench.webhooks import kept, order

RECIPIENTS, FEW = 10_000, 1_600
PACE = 80  # messages a second: what Meta gives a number by default, and so do we
OFF = 0.05
ACK_MS = 250
WABA = "102290129340398"  # the simulator's own
BODY = "Halo {{1}}, ada promo baru hari ini."
PATIENCE = 600


def p13(stack: Stack, shop: Place, quick: bool) -> Figure:
    """Messages a second by the fake Meta's own log, its doubles, and the acknowledgements meanwhile."""
    count = FEW if quick else RECIPIENTS
    template_id = _template(stack, shop)
    with stack.simulators() as (meta, fake), stack.web() as web, stack.worker() as one, stack.worker() as two:
        _offer(meta)
        progress.quiet()
        made = _make(stack, shop, template_id, count)
        busy = Busy(web=web, worker=one, second=two, fake=fake, **stack.servers())
        with _Customers(stack, shop, count / PACE) as customers:
            call(f"{stack.url}/api/app/broadcasts/{made}/start", {}, shop.manager_token)
            counts = _finished(stack, shop, made)
        used = busy.until_now()
        sent = call(f"{meta}/_control/whatsapp/sent?type=template")["items"]
    moments = sorted(one["at"] for one in sent)
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    doubled = len(sent) - len({one["to"] for one in sent})
    lost = count - len({one["to"] for one in sent})
    held = abs(rate / PACE - 1) <= OFF and not doubled and not lost and customers.p99_ms <= ACK_MS
    details = {
        "recipients": count,
        "counts": counts,
        "doubled": doubled,
        "lost": lost,
        "seconds": round(moments[-1] - moments[0], 1),
        "longest_gap_ms": round(max(later - one for one, later in pairwise(moments)) * 1000),
        "inbound_p99_ms": customers.p99_ms,
        "inbound_lost": customers.lost,
        "cpu_seconds": used,
    }
    say(f"P13: {rate:.1f}/s {details}")
    limit = report.limit("P13-pace", "the pace of the number", "msg/s", [PACE])
    bar = f"{PACE}/s ±5 %, 0 doubled, inbound p99 <= {ACK_MS} ms"
    title = f"broadcast to {count:,} while 320 webhooks/s come in"
    return Figure("P13", title, "msg/s", [rate], bar, held, limit, round(rate / PACE, 3), details)


class _Customers:
    """Inbound load meanwhile, as in P2."""

    def __init__(self, stack: Stack, shop: Place, seconds: float):
        self._stack, self._shop, self._seconds = stack, shop, max(4, int(seconds * 0.9))
        self._thread = threading.Thread(target=self._write)
        self.p99_ms, self.lost = float("inf"), None

    def __enter__(self) -> "_Customers":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._thread.join()

    def _write(self) -> None:
        wanted = order(self._stack, self._shop, "p13", CONNECTIONS, self._seconds * 3, RATE * self._seconds)
        told = client("load", wanted | {"rate": RATE})
        self.p99_ms, self.lost = told["p99_ms"], told["ok"] - kept(self._stack, self._shop, "p13")


def _template(stack: Stack, shop: Place) -> int:
    """An approved template of the number's WABA."""
    with stack.app.app_context(), acting_as(shop.organization_id):
        device = db.session.get(Device, shop.device_id)
        device.config = {**device.config, "waba_id": WABA}
        device.verified_waba = WABA
        components = [{"type": "BODY", "text": BODY}]
        known = {"name": "promo_p13", "language": "id", "category": "MARKETING", "status": "APPROVED"}
        row = MetaTemplate(waba_id=WABA, components=components, **known)
        db.session.add(row)
        db.session.commit()
        return row.id


def _offer(meta: str) -> None:
    known = {"waba_id": WABA, "name": "promo_p13", "status": "APPROVED"}
    call(f"{meta}/_control/templates", known | {"components": [{"type": "BODY", "text": BODY}]})


def _make(stack: Stack, shop: Place, template_id: int, count: int) -> int:
    first = shop.contacts[0]
    people = [{"phone": f"+62811{number:08}"} for number in range(first, first + count)]
    body = {
        "name": "P13",
        "device_id": shop.device_id,
        "template_id": template_id,
        "variables": {"1": {"field": "name"}},
        "audience": {"phones": people},
    }
    made = call(f"{stack.url}/api/app/broadcasts", body, shop.manager_token)
    url = f"{stack.url}/api/app/broadcasts/{made['id']}"
    until = time.monotonic() + 120
    while not call(url, token=shop.manager_token)["prepared"]:
        if time.monotonic() > until:
            raise RuntimeError("the list of recipients was not made")
        time.sleep(0.5)
    return made["id"]


def _finished(stack: Stack, shop: Place, number: int) -> dict:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        row = call(f"{stack.url}/api/app/broadcasts/{number}", token=shop.manager_token)
        if row["status"] not in ("running", "draft"):
            return row["counts"]
        time.sleep(1)
    return row["counts"]
