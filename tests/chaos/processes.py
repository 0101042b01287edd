"""F1 to F4 and F30: processes die, or are asked to end."""

from tests.chaos.cases import Verdict, case
from tests.chaos.run import AROUND, loaded
from tests.chaos.world import World

DRAINED_WITHIN = 15.0  # seconds


@case("F1", "kill -9 the only web process")
def the_web_process_dies(world: World, verdict: Verdict) -> None:
    with world.without("web-2"), loaded(world, verdict) as run, run.fault():
        world.kill("web")


@case("F2", "kill -9 one of two web processes")
def one_of_two_web_processes_dies(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run:
        with run.fault():
            world.kill("web-2")
        run.go(4)
    again = run.seen["connects"] - len(run.seen["pages"])
    verdict.note(connected_again=again)
    verdict.check("sockets moved to the other process", again > 0)


@case("F3", "kill -9 a worker inside a send, before and after the call")
def a_worker_dies_in_a_send(world: World, verdict: Verdict) -> None:
    account = world.shops.sender.account
    for kind in ("hang", "hang_after"):  # the call is taken late, or taken and not answered
        with loaded(world, verdict) as run, run.fault():
            world.control("meta/faults", {"kind": kind, "seconds": 6.0, "node": account, "times": 8})
            world.until(lambda: world.ask_one("select count(*) from outbox where state = 'sending'") > 3, 15)
            run.go(1)
            world.kill("worker", "worker-2")
            world.control("meta/faults", method="DELETE")
        unsure = world.ask_one(
            "select count(*) from messages where status = 'unknown' and id > %s", run.before
        )
        verdict.note(**{f"unsure_{kind}": unsure})


@case("F3b", "kill -9 a worker right after its commits")
def a_worker_dies_between_sends(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        world.kill("worker", "worker-2")


@case("F3c", "one of two web processes and one of two workers die together; nothing is lost")
def one_of_each_dies(world: World, verdict: Verdict, around: float = AROUND) -> None:
    with loaded(world, verdict, around) as run:
        with run.fault():
            world.kill("web-2", "worker-2")
        # The claim of a sender that died is believed for a minute; the clock is helped along.
        world.ask(
            "update outbox set claimed_at = claimed_at - interval '2 minutes'"
            " where state = 'sending' and claimed_at < now() - interval '3 seconds' returning id"
        )


@case("F4", "kill -9 the scheduler, 12 s away")
def the_scheduler_dies(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        world.kill("scheduler")
        child = world.children.pop("scheduler")
        run.go(12)
        world.children["scheduler"] = child


@case("F30", "SIGTERM: everything drains within 15 s, and starts again")
def everything_drains(world: World, verdict: Verdict) -> None:
    with loaded(world, verdict) as run, run.fault():
        for name in ("web", "worker", "scheduler", "web-2", "worker-2"):
            took = world.end(name)
            verdict.note(**{f"{name}_s": round(took, 1)})
            verdict.check(f"{name} drains within {DRAINED_WITHIN:g} s", took <= DRAINED_WITHIN, took)
            world.start(name)
    torn = {name: count for name, count in run.answers_during().items() if name.startswith("5")}
    verdict.check("no webhook was answered with an error meanwhile", not torn, torn)
