"""One run of load around a fault: who writes, who reads, who answers, and when all works again."""

import json
import os
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from cloudchat.config import SIMULATOR_APP_SECRET
from tests.bench.stack import Dialogue
from tests.chaos import judge
from tests.chaos.cases import Verdict
from tests.chaos.webhook import post_webhook
from tests.chaos.world import World

WEBHOOKS, SOCKETS, SENT = 100, 200, 200  # a second; at once; in one go
HEALED_WITHIN = 10.0  # seconds
SETTLED_WITHIN = 100.0  # seconds: a claim of a sender that died is believed for one minute
AROUND = 4.0  # seconds of load before and after the fault


class Run:
    """The load of one case. Use `loaded`."""

    def __init__(self, world: World, verdict: Verdict, around: float):
        self.world, self.verdict, self.around = world, verdict, around
        self.id = uuid.uuid4().hex[:8]
        self.shops = world.shops
        self.before = world.ask_one("select coalesce(max(id), 0) from messages")
        self.untouched = judge.fingerprint(world, self.shops.bystander)
        self.customers = Dialogue("customers", world.env, package="tests.chaos")
        self.people = Dialogue("people", world.env, package="tests.chaos")
        self.desk = Desk(world)
        self.fault_began = self.fault_ended = 0.0
        self.told: dict = {}
        self.seen: dict = {}

    def begin(self) -> None:
        world, shops = self.world, self.shops
        pages = [
            {"token": agent.token, "conversation": conversation, "after": self.before}
            for agent, conversation in self._pages(max(12, round(SOCKETS * world.load)))
        ]
        self.people.tell({"port": world.port, "pages": pages})
        opened = world.beside(self.people.hear)
        self.verdict.check("all sockets open", opened["open"] == len(pages), opened["open"])
        self.customers.tell(
            {
                "port": world.port,
                "secret": SIMULATOR_APP_SECRET,
                "run": self.id,
                "rate": WEBHOOKS * world.load,
                "newcomer": int(time.time() * 10) % 90_000_000,
                "shops": [
                    {"account": s.account, "people": s.people, "mark": s.mark, "has_queue": s.has_queue}
                    for s in shops.loaded
                ],
            }
        )
        self.go(self.around)
        self.desk.write_to_many(round(SENT * world.load))
        self.desk.start()

    def _pages(self, count: int) -> Iterator[tuple]:
        """Agents of all three shops in turns. Where agents see only their own, each of them has an inbox
        open and no conversation, since nobody is given a customer without a page; the others are the
        manager's."""
        for number in range(count):
            shop, turn = self.shops.loaded[number % 3], number // 3
            watched = shop.conversations[number % len(shop.conversations)]
            if not shop.has_queue:
                yield shop.agents[turn % len(shop.agents)], watched
            elif turn < len(shop.agents):
                yield shop.agents[turn], None
            else:
                yield shop.manager, watched

    def go(self, seconds: float) -> None:
        self.world.hold(seconds)

    @contextmanager
    def fault(self, healed_within: float = HEALED_WITHIN) -> Iterator[None]:
        """The fault is what happens inside; its end is timed until everything works again."""
        self.fault_began = time.monotonic()
        healed_within *= self.world.patience
        yield
        self.fault_ended = time.monotonic()
        healed = self._healed(3 * healed_within + 20)
        self.verdict.note(healed_s=round(healed, 1), load_average=round(os.getloadavg()[0], 1))
        self.verdict.check(f"(f) works again within {healed_within:g} s", healed <= healed_within, self.stuck)

    def _healed(self, patience: float) -> float:
        """Seconds until the desk is ready, a webhook is taken, a list is read, an answer goes out."""
        world, shop = self.world, self.shops.plain
        text = f"sudah pulih {uuid.uuid4().hex[:8]}"
        key = uuid.uuid4().hex
        path = f"/api/app/inbox/conversations/{shop.conversations[-1]}/messages"
        steps = {
            "ready": lambda: world.get("/readyz") is not None,
            "webhook": lambda: post_webhook(world, shop, "periksa " + shop.mark, self.id).status == 200,
            "inbox": lambda: world.get("/api/app/inbox/conversations", shop.manager.token) is not None,
            "answer": lambda: post(world, path, shop.manager.token, {"text": text}, key).status == 201,
            "sent": lambda: text in judge.sent_texts(world, shop),
        }
        worked: dict[str, float] = {}
        for name, step in steps.items():
            if not world.until(step, patience):
                self.stuck = f"{name} does not work; {worked}"
                return float("inf")
            worked[name] = round(time.monotonic() - self.fault_ended, 1)
        self.stuck = f"{worked}, load average {os.getloadavg()[0]:.1f}"
        return worked["sent"]

    def answers_during(self, began: float | None = None, ended: float | None = None) -> Counter:
        """What webhooks were answered between two moments (else: during the fault)."""
        began, ended = began or self.fault_began, ended or self.fault_ended
        return Counter(str(answer) for _, at, answer in self.told["log"] if began <= at <= ended)

    def settle(self) -> None:
        """Nobody writes any more; everything that is under way comes to its end."""
        world = self.world
        self.go(self.around)
        self.desk.stop()
        self.customers.tell({"stop": 45})
        self.told = world.beside(self.customers.hear)
        judge.settled(world, self.verdict, SETTLED_WITHIN)
        self.go(1.0)
        self.people.tell({})
        self.seen = world.beside(self.people.hear)

    def judge(self) -> None:
        told = self.told
        answers = Counter(str(answer) for _, _, answer in told["log"])
        self.verdict.note(webhooks=told["sent"], **{f"http_{name}": n for name, n in sorted(answers.items())})
        judge.everything(self)


@contextmanager
def loaded(world: World, verdict: Verdict, around: float = AROUND) -> Iterator[Run]:
    """Load all around; at the end what must always hold is judged, (a) to (e)."""
    run = Run(world, verdict, around)
    with run.customers, run.people:
        try:
            run.begin()
            yield run
            run.settle()
        finally:
            run.desk.stop()
    run.judge()


class Desk:
    """Agents at work: they answer, write to many, and finish with customers, in a thread of their own."""

    def __init__(self, world: World):
        self.world, self.shops = world, world.shops
        self.promised: list[str] = []  # texts that the desk has accepted (201): each must go out once
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._thread.ident:
            self._thread.join(30)

    def write_to_many(self, count: int) -> None:
        """A burst for many customers of one number. It is still going out when the fault comes."""
        shop = self.shops.sender
        for number, conversation in enumerate(shop.conversations[:count]):
            self._answer(shop, conversation, f"Promo {number} {uuid.uuid4().hex[:8]}")

    def _work(self) -> None:
        turn = 0
        while not self._over.wait(0.3):
            turn += 1
            shop = self.shops.plain
            self._answer(shop, shop.conversations[turn % 15], f"Siap kak {uuid.uuid4().hex[:8]}")
            try:
                self._finish_some()
            except (psycopg.Error, OSError):
                continue  # the database is away: the agents wait

    def _answer(self, shop, conversation: int, text: str) -> None:
        """Tried with the same key until it is accepted, as the composer does it."""
        path = f"/api/app/inbox/conversations/{conversation}/messages"
        key = uuid.uuid4().hex
        for _ in range(20):
            answer = post(self.world, path, shop.manager.token, {"text": text}, key)
            if answer.status == 201:
                self.promised.append(text)
                return
            if self._over.wait(0.5 if answer.status else 1.0):
                return

    def _finish_some(self) -> None:
        """Resolve the oldest that are in an agent's hands, so that the queue moves on."""
        shop = self.shops.queue
        rows = self.world.ask(
            "select id from conversations where organization_id = %s and status = 'open'"
            " and assignee_id <> %s order by id limit 3",
            shop.id,
            shop.manager.id,
        )
        for (conversation,) in rows:
            path = f"/api/app/inbox/conversations/{conversation}/status"
            post(self.world, path, shop.manager.token, {"status": "resolved"})


class Answer:
    """The status (0: nobody answered) and the JSON of an answer."""

    def __init__(self, status: int, body: bytes = b""):
        self.status = status
        try:
            self.json = json.loads(body or b"{}")
        except ValueError:
            self.json = {}


def post(
    world: World, path: str, token: str, body: dict | None = None, key: str = "", method: str = "POST"
) -> Answer:
    """One call of a person; never raises."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    if key:
        headers["Idempotency-Key"] = key
    request = urllib.request.Request(
        world.url + path, body and json.dumps(body).encode(), headers=headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read())
    except OSError:
        return Answer(0)
