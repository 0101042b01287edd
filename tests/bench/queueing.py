"""P12: from an agent's coming online to the first waiting customer's assignment."""

import http.client
import json
import statistics
import threading
import time

from tests.bench import progress, report
from tests.bench.progress import say
from tests.bench.report import Figure, at
from tests.bench.stack import Stack

WAITING, AGENTS, CAPACITY, CLAIMERS = 1000, 20, 5, 4

COMMIT = "update chat_queues set updated_at = now() where id = %s"
OUT_OF_ORDER = """
    select count(*) from (
        select id, assigned_at, lag(id) over (order by assigned_at, id) as before
        from chat_queues where division_id = %s and status = 'assigned'
    ) as served where before > id
"""
DOUBLED = """
    select count(*) from (
        select conversation_id from chat_queues where division_id = %s and status = 'assigned'
        group by conversation_id having count(*) > 1
    ) as twice
"""
OVER = """
    select count(*) from (
        select assignee_id from conversations where organization_id = %s and status = 'open'
        group by assignee_id having count(*) > %s and assignee_id is not null
    ) as loaded
"""


def p12(stack: Stack, quick: bool) -> Figure:
    """Twenty agents come, four at a time, while a thousand wait; each run in a new division."""
    rounds = 1 if quick else 3
    found, limits, faults = [], [], []
    with stack.web(), stack.worker():  # what is too much for a request is left to a job
        for _ in range(rounds):
            progress.quiet()
            line = _Line(stack)
            limits.append(line.commit_ms())
            found.append(line.everybody_comes())
            faults.append(line.faults())
            say(f"P12: {at(found[-1], 95):.0f} ms, faults {faults[-1]}")
    p95 = [at(run, 95) for run in found]
    limit = report.limit("commit", "one row of the line updated and committed", "ms", limits)
    middle = report.summary(p95)["median"]
    clean = not any(any(one.values()) for one in faults)
    return Figure(
        "P12",
        "agent online to first waiting chat assigned, 1,000 waiting, 20 agents, p95",
        "ms",
        p95,
        "<= 500 ms; exact FIFO, 0 doubles, never over capacity",
        middle <= 500 and clean,
        limit,
        round(middle / limit["median"], 1) if limit["median"] else None,
        {"p50_ms": [round(statistics.median(run), 1) for run in found], "faults": faults},
    )


class _Line:
    """A division of an organization of its own, with people in its queue and agents who are away."""

    def __init__(self, stack: Stack):
        from cloudchat.services import divisions
        from cloudchat.services.queueing import settings
        from cloudchat.tenancy import acting_as
        from tests import factories

        self._stack = stack
        with stack.app.app_context():
            self.organization_id = factories.organization("Toko Antri")
            self.people = [factories.person(self.organization_id, capacity=CAPACITY) for _ in range(AGENTS)]
            self._device = factories.device(self.organization_id, "webchat").id
            self.division_id = factories.division(self.organization_id, "Antri").id
            with acting_as(self.organization_id):
                settings.save({"is_enabled": True})
                divisions.add_members(self.division_id, [person.id for person in self.people])
                self._fill()

    def _fill(self) -> None:
        from cloudchat.extensions import db, now
        from cloudchat.models import Contact, Conversation, QueueEntry

        contacts = [Contact(name=f"Orang {number}") for number in range(WAITING)]
        db.session.add_all(contacts)
        db.session.flush()
        rows = [
            Conversation(
                contact_id=contact.id,
                device_id=self._device,
                external_user_id=f"antri-{contact.id}",
                division_id=self.division_id,
                last_inbound_at=now(),
            )
            for contact in contacts
        ]
        db.session.add_all(rows)
        db.session.flush()
        db.session.add_all(
            QueueEntry(conversation_id=row.id, division_id=self.division_id, announced_at=now())
            for row in rows
        )
        db.session.commit()

    def commit_ms(self) -> float:
        """What a commit costs here: no claim can be faster."""
        took = []
        with self._stack.sql() as connection:
            connection.autocommit = True
            row = connection.execute(
                "select min(id) from chat_queues where division_id = %s", [self.division_id]
            ).fetchone()
            for _ in range(50):
                began = time.perf_counter()
                connection.execute(COMMIT, row)
                took.append((time.perf_counter() - began) * 1000)
        return statistics.median(took)

    def everybody_comes(self) -> list[float]:
        """Milliseconds from each agent's call to the assignment of the first customer to them."""
        called: dict[int, float] = {}
        threads = [
            threading.Thread(target=self._come, args=(self.people[number::CLAIMERS], called))
            for number in range(CLAIMERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self._stack.sql() as connection:
            first = connection.execute(
                "select assigned_agent_id, extract(epoch from min(assigned_at))::float8 from chat_queues"
                " where division_id = %s and status = 'assigned' group by assigned_agent_id",
                [self.division_id],
            ).fetchall()
        known = dict(first)
        return [(known.get(user_id, began + 60) - began) * 1000 for user_id, began in called.items()]

    def _come(self, people, called: dict[int, float]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._stack.port)
        body = json.dumps({"status": "online"})
        for person in people:
            headers = {**person.headers, "Content-Type": "application/json"}
            called[person.id] = time.time()
            connection.request("PUT", "/api/app/agents/me/availability", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"availability: {answer.status}")
        connection.close()

    def faults(self) -> dict[str, int]:
        """What must not be, counted in the database; and how many slots are empty after all."""
        until = time.monotonic() + 30
        while self._empty_slots() and time.monotonic() < until:
            time.sleep(0.2)
        with self._stack.sql() as connection:

            def count(statement, *values) -> int:
                return connection.execute(statement, values).fetchone()[0]

            return {
                "out_of_order": count(OUT_OF_ORDER, self.division_id),
                "doubled": count(DOUBLED, self.division_id),
                "over_capacity": count(OVER, self.organization_id, CAPACITY),
                "slots_left_empty": self._empty_slots(),
            }

    def _empty_slots(self) -> int:
        with self._stack.sql() as connection:
            statement = "select count(*) from chat_queues where division_id = %s and status = 'assigned'"
            (assigned,) = connection.execute(statement, [self.division_id]).fetchone()
        return AGENTS * CAPACITY - assigned
