"""`make run`'s supervisor with tiny programs: keeps them running, ends them all, leaves nobody."""

import signal
import socket
from pathlib import Path

import psutil
import pytest
from cryptography.fernet import Fernet

from cloudchat.local.announce import demo_of, welcome
from cloudchat.local.environment import check_config, check_port, for_children, programs
from cloudchat.local.errors import LocalError
from tests.waiting import wait_until

from .conftest import read_until, running_in

RUN = Path(__file__).with_name("stub_run.py")


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stubs(folder, what):
    """The processes of one stub program, forks included."""
    return [p for p in running_in(folder) if p.cmdline()[3:4] == [what]]


def names(groups):
    return [program.name for group in groups for program in group]


def test_ctrl_c_ends_everything_in_order(used_dir, launch, port):
    run = launch(RUN, used_dir, port, "services")
    read_until(run, "all ready")
    assert (used_dir / "env").read_text() == "hello"
    run.send_signal(signal.SIGINT)
    assert run.wait(15) == 0
    assert running_in(used_dir) == []
    assert "database system is shut down" in (used_dir / "log/postgres.log").read_text()


def test_kill_9_leaves_no_orphan_and_it_starts_again(used_dir, launch, port):
    run = launch(RUN, used_dir, port, "services", "tied-fork", "stubborn")
    read_until(run, "all ready")
    wait_until(lambda: len(stubs(used_dir, "tied-fork")) == 2)
    run.kill()
    run.wait()
    wait_until(lambda: running_in(used_dir) == [], message="a process is left")
    again = launch(RUN, used_dir, port, "services")
    read_until(again, "all ready")
    again.terminate()
    assert again.wait(15) == 0


def test_a_crashed_program_is_started_again_and_its_forks_are_not_left(data_dir, launch, port):
    run = launch(RUN, data_dir, port, "crash-once", "fork")
    assert "crash-once ended (exit code 3); again in 0.1 s" in read_until(run, "again in")
    worker, fork = wait_until(lambda: len(found := stubs(data_dir, "fork")) == 2 and found)
    parent = worker if fork.ppid() == worker.pid else fork
    parent.kill()
    assert "fork ended (SIGKILL)" in read_until(run, "again in")
    wait_until(lambda: not worker.is_running() and not fork.is_running())
    wait_until(lambda: len(stubs(data_dir, "fork")) == 2, message="it was not started again")
    run.terminate()
    assert run.wait(15) == 0


def test_a_killed_database_is_started_again(used_dir, launch, port):
    run = launch(RUN, used_dir, port, "services")
    read_until(run, "all ready")
    for pid_of in ("postgres -D", "valkey-server"):
        (server,) = [p for p in running_in(used_dir) if pid_of in " ".join(p.cmdline())]
        server.kill()
        read_until(run, "it runs again")
    run.terminate()
    assert run.wait(15) == 0


def test_a_program_that_does_not_end_is_killed_and_named(data_dir, launch, port):
    run = launch(RUN, data_dir, port, "stubborn")
    read_until(run, "all ready")
    run.terminate()
    assert "stubborn did not end in 1 s and was killed" in run.communicate(timeout=15)[0]
    assert run.returncode == 0


def test_a_failing_step_says_why_and_ends_the_rest(data_dir, launch, port):
    run = launch(RUN, data_dir, port, "failing-step")
    said = run.communicate(timeout=30)[0]
    assert run.returncode == 1
    assert "migrate failed (exit code 1)" in said
    assert "cannot work" in said
    assert "Traceback" not in said


def test_a_program_that_never_starts_ends_the_run(data_dir, launch, port):
    run = launch(RUN, data_dir, port, "broken")
    with socket.socket() as taken:  # the web program cannot listen either
        taken.bind(("127.0.0.1", port))
        said = run.communicate(timeout=30)[0]
    assert run.returncode == 1
    assert "does not start; see" in said


def test_a_folder_has_one_supervisor(data_dir, launch, port):
    first = launch(RUN, data_dir, port)
    read_until(first, "all ready")
    second = launch(RUN, data_dir, port)
    said = second.communicate(timeout=15)[0]
    assert second.returncode == 1
    assert f"runs on {data_dir} already (process {first.pid})" in said
    first.terminate()
    assert first.wait(15) == 0


def test_make_run_says_which_port_is_taken(data_dir, launch, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        run = launch("-m", "cloudchat.local", PORT=str(port), CLOUDCHAT_DATA_DIR=str(data_dir))
        said = run.communicate(timeout=15)[0]
    assert run.returncode == 1
    assert said.startswith(f"cloudchat: port {port} is taken by another program; ")
    assert f"PORT={port + 10} make run" in said


def test_it_ends_when_make_is_killed(data_dir, launch):
    code = (
        "import os, subprocess, sys, time; from cloudchat.local.__main__ import _end_with_make\n"
        "if os.fork() == 0:\n"
        "    _end_with_make(); print('tied', flush=True)\n"
        "time.sleep(600)"
    )
    parent = launch("-c", code, data_dir, MAKELEVEL="1")
    read_until(parent, "tied")
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    wait_until(lambda: not child.is_running(), message="the child still runs")


def test_ports_out_of_range_are_refused():
    with pytest.raises(LocalError, match="between 1 and 65534"):
        check_port(65535)


def test_with_nothing_set_the_providers_are_the_simulators(data_dir):
    env = {"CLOUDCHAT_DATA_DIR": str(data_dir), "PORT": "6100", "TELEGRAM_API_URL": "http://own"}
    config = check_config(env)
    made = for_children(env, config, "postgresql+psycopg://db", "unix:///redis")
    assert made["META_GRAPH_URL"] == "http://127.0.0.1:6101/meta"
    assert made["TELEGRAM_API_URL"] == "http://own"
    assert made["PUBLIC_URL"] == "http://localhost:6100"
    assert names(programs(config)) == ["web", "simulators", "worker", "worker-2", "scheduler"]


def test_production_has_no_simulators_and_refuses_weak_secrets_at_once(data_dir):
    env = {"CLOUDCHAT_DATA_DIR": str(data_dir), "CLOUDCHAT_ENV": "production"}
    with pytest.raises(SystemExit, match="SECRET_KEY"):
        check_config(env)
    env |= {
        "SECRET_KEY": "x" * 40,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "META_APP_SECRET": "real",
    }
    config = check_config(env)
    assert "META_GRAPH_URL" not in for_children(env, config, "db", "redis")
    assert names(programs(config)) == ["web", "worker", "worker-2", "scheduler"]


def test_the_welcome_shows_addresses_and_logins():
    demo = demo_of(
        'a warning\n{"logins": [{"role": "agent", "email": "a@b.id", "password": "pw"}], '
        '"webchat_url": "http://localhost:5000/chat/x"}\n'
    )
    text = welcome("http://localhost:5000", demo, "http://127.0.0.1:5001")
    for part in ("/login", "/chat/x", "agent  a@b.id  pw", "http://127.0.0.1:5001/whatsapp"):
        assert part in text
    assert demo_of("nothing\n{broken\n") == {}


def test_the_supervisor_survives_a_closed_terminal(used_dir, launch, port):
    run = launch(RUN, used_dir, port, "services")
    read_until(run, "all ready")
    run.stdout.close()
    run.terminate()
    assert run.wait(15) == 0
    assert running_in(used_dir) == []
