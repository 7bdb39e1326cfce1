"""The servers that the tests start can be used, killed and paused, and leave no files."""

import socket
from collections.abc import Iterator

import pytest
from redis import ConnectionError as NoConnection
from redis import Redis
from redis import TimeoutError as NoAnswer
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.harness.orphans import check_that_nothing_is_left
from tests.support.servers import RedisServer, ServerUnavailable, start_redis


@pytest.fixture(name="server")
def private_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis server that a test may crash."""
    monkeypatch.delenv("TEST_REDIS_URL", raising=False)
    with start_redis() as server:
        yield server


def client_of(server: RedisServer, db: int = 0) -> Redis:
    """Return a client with a short timeout and without retries."""
    once = Retry(NoBackoff(), 0)
    return Redis.from_url(
        server.url(db), socket_timeout=0.3, retry=once, decode_responses=True, protocol=3
    )


def test_the_session_has_a_redis_that_responds(redis_server: RedisServer) -> None:
    with client_of(redis_server) as client:
        assert client.ping() is True
    with socket.create_connection((redis_server.host, redis_server.port)) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(64) == b"+PONG\r\n"


def test_a_private_redis_writes_no_files_and_listens_on_this_machine_only(
    server: RedisServer,
) -> None:
    with client_of(server) as client:
        settings = client.config_get("save", "appendonly", "bind", "port")
    assert settings == {
        "save": "",
        "appendonly": "no",
        "bind": "127.0.0.1",
        "port": str(server.port),
    }


def test_only_the_named_database_of_redis_is_emptied(server: RedisServer) -> None:
    with client_of(server) as client, client_of(server, db=1) as other:
        client.set("key", "value")
        other.set("key", "other")
        server.flush()
        assert (client.get("key"), other.get("key")) == (None, "other")
        server.flush(1)
        assert other.get("key") is None


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_redis_starts_again_empty_on_the_same_port(server: RedisServer, end: str) -> None:
    url = server.url()
    with client_of(server) as client:
        client.set("key", "value")
        getattr(server, end)()
        with pytest.raises(NoConnection):
            client.ping()
        server.start()
        assert server.url() == url
        assert client.get("key") is None


def test_a_paused_redis_does_not_respond_until_it_is_resumed(server: RedisServer) -> None:
    with client_of(server) as client:
        client.set("key", "value")
        server.pause()
        with pytest.raises(NoAnswer):
            client.get("key")
        server.resume()
        assert client.get("key") == "value"


def test_a_paused_redis_can_be_stopped_and_a_stopped_one_cannot_be_paused(
    server: RedisServer,
) -> None:
    server.pause()
    server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        server.pause()


def test_a_redis_of_the_environment_is_used_and_not_stopped(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", f"redis://{server.host}:{server.port}")
    with start_redis() as external:
        assert external == server
        with pytest.raises(RuntimeError, match="TEST_REDIS_URL is not ours"):
            external.kill()
    with client_of(server) as client:
        assert client.ping() is True


@pytest.mark.parametrize(
    "url", ["redis", "http://host", "redis://host:port", "redis://host/1", "redis://host?db=1"]
)
def test_a_wrong_url_of_redis_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", url)
    with pytest.raises(ServerUnavailable, match="^TEST_REDIS_URL"):
        start_redis()


@pytest.mark.parametrize("arguments", ["start_redis", "start_redis paused", "start_postgres"])
def test_a_killed_test_process_leaves_no_server_and_no_folder(arguments: str) -> None:
    check_that_nothing_is_left(*arguments.split())
