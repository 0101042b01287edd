"""Sending what waits for a device: claim, call, settle. A claim is committed before its call is made.

Calls run beside each other, one per conversation, so that one that hangs holds up nobody else; the
database is spoken to by the calling thread alone.
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from cloudchat.channels import get as channel_for
from cloudchat.channels.base import DeviceAccount, SendResult
from cloudchat.errors import ProviderError
from cloudchat.extensions import db, now
from cloudchat.models import Device, DevicePace, OutboxEntry
from cloudchat.services import claims, settling
from cloudchat.services.broadcasts import feeding
from cloudchat.services.claims import Claim
from cloudchat.services.settling import Outcome
from cloudchat.services.statements import database_is_away

log = structlog.get_logger(__name__)

IN_FLIGHT = 32  # calls under way at once
BUDGET = 5.0  # seconds that one job works before it leaves the rest to the next …
OVERLAP = 0.75  # … which is asked for so long before: it takes its time to begin, and the pace must not drop
HANGS_AFTER = 2.0  # a call that takes longer must not keep the others of the device waiting …
LONGEST_JOB = 60.0  # … even when the budget is used up, but not longer than this
SHORT_WAIT = 0.5  # seconds worth waiting for inside the job
TOGETHER = 0.03  # seconds
RENEW_EVERY = 15.0
DATABASE_PATIENCE = 90  # seconds to keep outcomes for while the database is away


def deliver(
    device_id: int,
    told: Callable[[], object] = lambda: None,
    budget: float = BUDGET,
    hand_over: Callable[[], object] = lambda: None,
) -> float | None:
    """Send what is due on this device, calling `told` after each commit that others should hear of, and
    `hand_over` once where the time will not do: two senders at one device share its pace.

    Answers in how many seconds more will be due (0: there is more, but the time is over), or None.
    """
    device = db.session.get(Device, device_id, populate_existing=True)
    if device is not None and device.deleted_at is not None:
        settling.device_is_gone(device_id)
        feeding.top_up(device_id)  # its broadcasts learn that it is gone
        told()
        return None
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="send") as pool:
        return _Sender(device_id, pool, told, hand_over).run(time.monotonic() + budget)


class _Sender:
    """One job's work on one device."""

    def __init__(
        self,
        device_id: int,
        pool: ThreadPoolExecutor,
        told: Callable[[], object],
        hand_over: Callable[[], object] = lambda: None,
    ):
        self._device_id = device_id
        self._pool = pool
        self._told = told
        self._hand_over: Callable[[], object] | None = hand_over
        self._under_way: dict[Future, tuple[Claim, float]] = {}
        self._renewed = time.monotonic()
        self._fill_at = 0.0  # when to put more of a broadcast into the outbox; infinite: none runs

    def run(self, stop_at: float) -> float | None:
        ask_at = 0.0  # when to look for more; infinite: when a call has ended
        while True:
            moment = time.monotonic()
            if self._hand_over and moment > stop_at - OVERLAP:
                self._hand_over()
                self._hand_over = None
            ended = moment > stop_at and not self._hangs(moment, stop_at)
            if not ended and moment >= self._fill_at and self._fill(moment):
                ask_at = moment
            if not ended and moment >= ask_at:
                pause = self._start()
                ask_at = moment + pause if pause is not None else float("inf")
            next_at = min(ask_at, self._fill_at)
            if self._under_way:
                if self._collect(min(max(next_at - moment, 0.01), 1.0)) and ask_at == float("inf"):
                    ask_at = 0.0  # the next message of a conversation may follow now
            elif ended:
                return 0.0
            elif next_at == float("inf"):
                return None
            elif next_at - moment > SHORT_WAIT:
                return next_at - moment
            else:
                time.sleep(max(next_at - moment, 0.0))

    def _fill(self, moment: float) -> bool:
        """Put more of the running broadcasts into the outbox; whether any runs."""
        try:
            pause = feeding.top_up(self._device_id)
        except Exception:  # what is under way must be settled whatever a broadcast's trouble is
            db.session.rollback()
            log.exception("broadcast_not_fed", device_id=self._device_id)
            pause = None
        self._told()
        self._fill_at = moment + pause if pause is not None else float("inf")
        return pause is not None

    def _hangs(self, moment: float, stop_at: float) -> bool:
        hanging = any(moment - since > HANGS_AFTER for _, since in self._under_way.values())
        return hanging and moment < stop_at + LONGEST_JOB

    def _start(self) -> float | None:
        """Claim and call; seconds until there may be more to do."""
        room = IN_FLIGHT - len(self._under_way)
        if not room:
            return None
        try:
            turn = claims.take(self._device_id, room)
        except Exception as error:
            db.session.rollback()
            if not (self._under_way and database_is_away(error)):
                raise
            return 1.0  # the outcomes of what is under way must still be kept
        if turn.unfit:
            self._keep(turn.unfit)
        for claim in turn.claims:
            future = self._pool.submit(_call, turn.account, claim)
            self._under_way[future] = (claim, time.monotonic())
        return 0.0 if turn.unfit and turn.wait is None else turn.wait

    def _collect(self, timeout: float) -> bool:
        """Wait for calls to end and keep what became of them; whether any did."""
        done, others = wait(self._under_way, timeout, FIRST_COMPLETED)
        if done and others:  # with many under way, those that end together are kept together
            done, _ = wait(self._under_way, TOGETHER)
        outcomes = [(self._under_way.pop(future)[0], future.result()) for future in done]
        if outcomes:
            self._keep(outcomes)
        if self._under_way and time.monotonic() - self._renewed > RENEW_EVERY:
            self._renewed = time.monotonic()
            _patiently(lambda: claims.renew([claim for claim, _ in self._under_way.values()]))
        return bool(outcomes)

    def _keep(self, outcomes: list[Outcome]) -> None:
        try:
            _patiently(lambda: settling.settle(outcomes))
        except Exception as error:
            if len(outcomes) > 1:
                for outcome in outcomes:
                    self._keep([outcome])
                return
            log.exception("outcome_not_kept", message_id=outcomes[0][0].message_id)
            if isinstance(error, IntegrityError):
                _patiently(lambda: settling.settle(settling.without_ids(outcomes)))
        self._told()  # what could not be kept will be said to be unknown


def _call(account: DeviceAccount, claim: Claim) -> SendResult | ProviderError:
    try:
        return channel_for(account.type).send(account, claim.outgoing)
    except ProviderError as error:
        return error
    except Exception:  # a defect of ours must not leave the outcome open for ever
        log.exception("send_failed", message_id=claim.message_id)
        told = "The message could not be sent because of an error on our side."
        return ProviderError(told, code="internal", permanent=True, unknown_outcome=True)


def _patiently(work: Callable[[], None]) -> None:
    """What a provider answered is worth waiting for the database."""
    until = time.monotonic() + DATABASE_PATIENCE
    while True:
        try:
            return work()
        except Exception as error:
            db.session.rollback()
            if not database_is_away(error) or time.monotonic() > until:
                raise
            time.sleep(1.0)


def due_devices() -> list[tuple[int, int]]:
    """(organization id, device id) of devices with something to send now; read across organizations."""
    held = (
        select(DevicePace.device_id)
        .where(DevicePace.device_id == OutboxEntry.device_id, DevicePace.blocked_until > now())
        .exists()
    )
    inactive = (
        select(Device.id)
        .where(Device.id == OutboxEntry.device_id, ~Device.is_active, Device.deleted_at.is_(None))
        .exists()
    )
    return [
        tuple(row)
        for row in db.session.execute(
            select(OutboxEntry.organization_id, OutboxEntry.device_id)
            .where(OutboxEntry.state == "pending", OutboxEntry.next_attempt_at <= now(), ~held, ~inactive)
            .distinct()
        )
    ]
