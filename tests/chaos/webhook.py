"""Single webhooks of Meta's, made and posted here."""

import hashlib
import hmac
import http.client
import itertools
import json
import time
from dataclasses import dataclass

from cloudchat.config import SIMULATOR_APP_SECRET
from tests.chaos.seed import Shop
from tests.chaos.world import World

_numbers = itertools.count()


@dataclass(frozen=True)
class Posted:
    """The status of the answer, 0 where nobody answered."""

    status: int
    seconds: float


def text_message(person: str, text: str, wamid: str, at: float | None = None) -> dict:
    return {
        "from": person,
        "id": wamid,
        "timestamp": str(int(at or time.time())),
        "type": "text",
        "text": {"body": text},
    }


def body_of(shop: Shop, *messages: dict, statuses: tuple[dict, ...] = ()) -> bytes:
    """A whole webhook body with these messages (and statuses) of the shop's number."""
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": shop.account}}
    if messages:
        people = dict.fromkeys(message["from"] for message in messages)
        value["contacts"] = [{"profile": {"name": "Budi"}, "wa_id": person} for person in people]
        value["messages"] = list(messages)
    if statuses:
        value["statuses"] = list(statuses)
    change = {"field": "messages", "value": value}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    ).encode()


def post_body(world: World, body: bytes, timeout: float = 10) -> Posted:
    """Sign and post; never raises."""
    signature = hmac.new(SIMULATOR_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    line = http.client.HTTPConnection("127.0.0.1", world.port, timeout=timeout)
    began = time.monotonic()
    try:
        line.request("POST", "/webhooks/meta", body, headers)
        answer = line.getresponse()
        answer.read()
        return Posted(answer.status, time.monotonic() - began)
    except (OSError, http.client.HTTPException):
        return Posted(0, time.monotonic() - began)
    finally:
        line.close()


def post_webhook(world: World, shop: Shop, text: str, run: str) -> Posted:
    """A message of the last of the shop's people, with an id of its own."""
    wamid = f"wamid.{run}.probe{next(_numbers)}"
    return post_body(world, body_of(shop, text_message(shop.people[-1], text, wamid)))
