"""Customers who write, and Meta between them and us: a webhook that is not answered 200 comes again.

A process of its own, told and asked in JSON lines. The order {"port", "secret", "run", "rate",
"shops"} starts it; {"stop": seconds} ends the writing, and the answer comes when every webhook was
taken or the seconds are over.
"""

from gevent import monkey

monkey.patch_all()

import hashlib
import hmac
import http.client
import json
import random
import sys
import time

import gevent
from gevent.queue import Queue

CONNECTIONS = 48
PATIENCE = 10.0  # seconds for one answer, as Meta's
LONGEST_PAUSE = 6.0  # between two tries
NEWCOMERS = 0.06  # the share of writers who were never here before, where a queue asks them to choose


class Customers:
    """Everybody who writes during one run; `log` holds [number, moment, answer] of each try."""

    def __init__(self, order: dict):
        self.order = order
        self.chance = random.Random(order["run"])
        self.lines: Queue = Queue()
        for _ in range(CONNECTIONS):
            self.lines.put(self._line())
        self.log: list[list] = []
        self.taken: set[int] = set()
        self.sent = 0
        self.over = False
        self.given_up = False

    def _line(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.order["port"], timeout=PATIENCE)

    def write(self) -> None:
        """An open loop: messages leave when they are due, whatever became of those before."""
        began, count = time.monotonic(), 0
        newcomers = max(NEWCOMERS, 3 / self.order["rate"])  # some also where few write
        while not self.over:
            due = began + count / self.order["rate"]
            gevent.sleep(max(0.0, due - time.monotonic()))
            shop = self.chance.choice(self.order["shops"])
            if shop["has_queue"] and self.chance.random() < newcomers:
                gevent.spawn(self._newcomer, shop)
            else:
                gevent.spawn(self._say, shop, self.chance.choice(shop["people"]), "Halo kak")
            count += 1

    def _newcomer(self, shop: dict) -> None:
        """Somebody new greets, gets the menu, and chooses a division."""
        self.order["newcomer"] += 1
        person = f"62877{self.order['newcomer']:08d}"
        self._say(shop, person, "Halo")
        gevent.sleep(self.chance.uniform(0.5, 1.5))
        self._say(shop, person, self.chance.choice("12"), plain=True)

    def _say(self, shop: dict, person: str, text: str, plain: bool = False) -> None:
        number, self.sent = self.sent, self.sent + 1
        words = text if plain else f"{text} {shop['mark']}"
        body, headers = self._webhook(shop, person, number, words)
        pause = 1.0
        while not self.given_up:
            answer = self._post(body, headers)
            self.log.append([number, time.monotonic(), answer])
            if answer == 200:
                self.taken.add(number)
                return
            gevent.sleep(pause * self.chance.uniform(0.8, 1.2))
            pause = min(LONGEST_PAUSE, pause * 2)

    def _webhook(self, shop: dict, person: str, number: int, text: str) -> tuple[bytes, dict]:
        message = {
            "from": person,
            "id": f"wamid.{self.order['run']}.{number}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "62812", "phone_number_id": shop["account"]},
            "contacts": [{"profile": {"name": f"Pelanggan {person[-4:]}"}, "wa_id": person}],
            "messages": [message],
        }
        entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
        signature = hmac.new(self.order["secret"].encode(), body, hashlib.sha256).hexdigest()
        kind = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        return body, kind

    def _post(self, body: bytes, headers: dict) -> int | str:
        line = self.lines.get()
        try:
            line.request("POST", "/webhooks/meta", body, headers)
            answer = line.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException) as error:
            line.close()
            line = self._line()
            return type(error).__name__
        finally:
            self.lines.put(line)

    def finish(self, seconds: float) -> dict:
        """Write no more; wait for what is still to be taken."""
        self.over = True
        end = time.monotonic() + seconds
        while len(self.taken) < self.sent and time.monotonic() < end:
            gevent.sleep(0.05)
        self.given_up = True
        return {"sent": self.sent, "taken": sorted(self.taken), "log": self.log}


def main() -> None:
    listen = gevent.get_hub().threadpool.apply
    customers = Customers(json.loads(listen(sys.stdin.readline)))
    gevent.spawn(customers.write)
    order = listen(sys.stdin.readline)
    if order:
        print(json.dumps(customers.finish(json.loads(order)["stop"])), flush=True)


if __name__ == "__main__":
    main()
