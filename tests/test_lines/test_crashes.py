"""F3 on every channel: a worker is killed with signal 9 while it sends. The simulator's log is the judge."""

from cloudchat.models import OutboxEntry
from cloudchat.services import outbound
from cloudchat.tenancy import acting_as
from tests import factories
from tests.test_lines.test_every_channel import EDGE, settled
from tests.test_messages.numbers import identity
from tests.test_messages.workers import make_worker, time_passes  # noqa: F401


def test_a_worker_killed_while_it_sends_doubles_nothing(line, make_worker, eventually):  # noqa: F811
    """One message is kept as sent, of one the provider says nothing, one it has and does not say so."""
    talks, said, begin = {}, {}, line.customer[:-8]
    for case in ("kept", "held", "taken"):
        line.customer = f"{begin}{factories.number() % 100_000_000:08d}"
        line.receive()
        talks[case] = line.customer, line.conversation().id
    for case, (customer, conversation_id) in talks.items():
        with acting_as(line.organization_id):
            made = outbound.reply(identity(line.cast.agent), conversation_id, case)
        said[case] = customer, made["id"]
    path = "meta" if line.kind == "messenger" else line.provider
    for case, kind in (("held", "hold"), ("taken", "hang_after")):
        rule = {"kind": kind, "to": said[case][0], "node": line.account, "edge": EDGE[line.kind]}
        line.control(f"{path}/faults", {**rule, "seconds": 5})

    def sent(case: str) -> int:
        line.customer = said[case][0]
        return len(line.sent())

    def statuses() -> list[str]:
        found = {row.id: row.status for row in line.messages("out")}
        return [found[message_id] for _, message_id in said.values()]

    def amid_the_calls() -> bool:
        claimed = [row.state for row in line.rows(OutboxEntry)]
        return statuses()[0] == "sent" and claimed == ["sending"] * 2 and sent("taken") == 1

    worker = make_worker()
    worker.start(line.organization_id, line.device.id)
    eventually(amid_the_calls, 30)
    worker.kill()
    assert line.deliver() is None  # the claims are still believed
    assert time_passes(line) == 2
    settled(line)
    assert statuses() == ["sent", "unknown", "unknown"] and line.rows(OutboxEntry) == []
    assert [sent(case) for case in said] == [1, 0, 1]
