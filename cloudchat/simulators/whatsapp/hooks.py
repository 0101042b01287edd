"""WhatsApp's webhooks: which address, whether subscribed, in the order of each number."""

import itertools
from collections.abc import Callable

from cloudchat.simulators.meta.webhooks import Deliverer, Delivery
from cloudchat.simulators.whatsapp.payloads import envelope
from cloudchat.simulators.whatsapp.state import Account, State

Changes = list[tuple[Account, dict]]


class Hooks:
    """The deliverer with WhatsApp's own rules in front."""

    def __init__(self, state: State, deliverer: Deliverer):
        self._state = state
        self._numbers = itertools.count(1)
        self.deliverer = deliverer

    def send(
        self,
        account: Account,
        make: Callable[[], Changes],
        kind: str,
        *,
        customer: str = "",
        delay: float = 0.0,
        now: bool = False,
        own_lane: bool = False,
        **more,
    ) -> Delivery:
        """Queue a webhook for this number; `make` runs when it is due.

        `now` sends it in this thread, `own_lane` beside the number's others instead of after them.
        """

        def payload() -> dict | None:
            changes = make()  # runs in any case: it also records what happened
            return None if account.waba_id in self._state.unsubscribed else envelope(*changes)

        more.setdefault("url", self._state.callbacks.get(account.waba_id))
        lane = account.phone_number_id
        if own_lane:
            lane += f"#{next(self._numbers)}"
        elif self.deliverer.options.lanes == "customer":
            lane += f":{customer}"
        if now:
            return self.deliverer.post_now(payload, lane=lane, kind=kind, **more)
        return self.deliverer.post(payload, lane=lane, kind=kind, delay=delay, **more)
