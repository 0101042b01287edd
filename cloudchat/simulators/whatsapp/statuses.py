"""What becomes of a sent message: sent, delivered, read or failed, told by webhooks."""

import random
import secrets
import time

from cloudchat.simulators.meta.errors import GraphError
from cloudchat.simulators.whatsapp.hooks import Changes, Hooks
from cloudchat.simulators.whatsapp.payloads import change
from cloudchat.simulators.whatsapp.state import WINDOW, Account, Message, State

CONVERSATION_GONE_SINCE = 24  # status webhooks of v24.0 and later carry no conversation object


class Statuses:
    """Plans and sends status webhooks as the behaviour switches say."""

    def __init__(self, state: State, hooks: Hooks):
        self._state = state
        self._hooks = hooks

    def plan(
        self, account: Account, message: Message, version: int, failure: GraphError | None = None
    ) -> None:
        """Queue everything that will be told about an accepted message without anyone's doing."""
        how = self._state.behaviour
        if failure:
            message.failed_code = failure.code
        if not how.statuses:
            return
        times = self._times(failure is not None)
        names = list(times)
        if how.status_order == "reversed":
            names.reverse()
        elif how.status_order == "shuffled":
            random.shuffle(names)
        planned = [([name], delay) for name, delay in zip(names, times.values(), strict=True)]
        if how.status_batched:
            planned = [(names, max(times.values()))]
        for group, delay in planned:
            for _ in range(how.status_copies):
                self.tell(
                    account,
                    message,
                    group,
                    version=version,
                    failure=failure,
                    delay=delay,
                    now=how.status_before_response,
                )

    def _times(self, failed: bool) -> dict[str, float]:
        how = self._state.behaviour
        if failed:
            return {"failed": how.delivered_delay}
        times = {"sent": how.sent_delay}
        if not how.skip_delivered:
            times["delivered"] = how.delivered_delay
        if how.read == "auto":
            times["read"] = how.read_delay
        return times

    def tell(self, account, message, names, *, version=24, failure=None, delay=0.0, now=False) -> None:
        """One webhook with these statuses of one message."""

        def make() -> Changes:
            items = [self._item(message, name, version, failure) for name in names]
            self._state.changed()
            return [(account, change(account, statuses=items))]

        kind = "status " + "+".join(names)
        self._hooks.send(account, make, kind, customer=message.phone, delay=delay, now=now)

    def viewed(self, account: Account, phone: str) -> int:
        """The customer has the chat open: everything shown becomes read. How many."""
        with self._state.lock:
            thread = self._state.thread(account.phone_number_id, phone)
            fresh = [m for m in thread if m.source == "api" and not m.has("read", "failed")]
            for message in fresh:
                message.statuses.append({"status": "read", "at": time.time()})
        if self._state.behaviour.statuses:
            for message in fresh:
                self.tell(account, message, ["read"])
        if fresh:
            self._state.changed()
        return len(fresh)

    def _item(self, message: Message, name: str, version: int, failure: GraphError | None) -> dict:
        with self._state.lock:
            if not message.has(name):
                message.statuses.append({"status": name, "at": time.time()})
        item = {
            "id": message.id,
            "status": name,
            "timestamp": str(int(time.time())),
            "recipient_id": message.phone,
        }
        if message.reference is not None:
            item["biz_opaque_callback_data"] = message.reference
        category = "utility" if message.type == "template" else "service"
        if name in ("sent", "delivered") and version < CONVERSATION_GONE_SINCE:
            item["conversation"] = {
                "id": secrets.token_hex(16),
                "expiration_timestamp": str(int(time.time()) + WINDOW),
                "origin": {"type": category},
            }
        if name in ("sent", "delivered") and self._state.behaviour.pricing:
            item["pricing"] = {
                "billable": category != "service",
                "pricing_model": "PMP",
                "type": "regular" if category != "service" else "free_customer_service",
                "category": category,
            }
        if name == "failed" and failure:
            item["errors"] = [failure.webhook_item()]
        return item
