"""The RabbitMQ that the tests start can be used, killed and paused, and keeps durable messages."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import httpx
import pytest
from aio_pika import DeliveryMode, ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractQueue
from aio_pika.exceptions import ChannelNotFoundEntity
from pamqp.common import FieldTable

from tests.conftest import rabbitmq_or_skip
from tests.harness.orphans import check_that_nothing_is_left
from tests.support.servers import RabbitMQServer, ServerNotInstalled, ServerUnavailable
from tests.support.servers import rabbitmq as module
from tests.support.servers import start_rabbitmq

WAIT_SECONDS = 60
LISTENS = "0A"


@pytest.fixture(scope="module", name="server")
def private_rabbitmq() -> Iterator[RabbitMQServer]:
    """A RabbitMQ server that a test may kill; it is shared, because its start takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TEST_RABBITMQ_URL", raising=False)
        with rabbitmq_or_skip(management=True) as server:
            yield server


@asynccontextmanager
async def channel_of(
    server: RabbitMQServer, vhost: str | None = None
) -> AsyncIterator[AbstractChannel]:
    """Open a channel with publisher confirms."""
    async with await aio_pika.connect(server.url(vhost), timeout=WAIT_SECONDS) as connection:
        yield await connection.channel(publisher_confirms=True)


async def declare(channel: AbstractChannel, name: str) -> AbstractQueue:
    """Declare a durable quorum queue."""
    arguments: FieldTable = {"x-queue-type": "quorum"}
    return await channel.declare_queue(
        name, durable=True, arguments=arguments, timeout=WAIT_SECONDS
    )


async def publish(channel: AbstractChannel, queue: str, body: bytes) -> None:
    """Publish a persistent message to a queue and wait for its confirmation."""
    message = Message(body, delivery_mode=DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, queue, mandatory=True, timeout=WAIT_SECONDS)


async def test_the_session_has_a_rabbitmq_that_accepts_and_counts_a_message(
    rabbitmq_server: RabbitMQServer,
) -> None:
    async with channel_of(rabbitmq_server) as channel:
        queue = await channel.declare_queue("counted", auto_delete=True)
        await publish(channel, "counted", b"one")
        assert rabbitmq_server.queue_depth("counted") == 1
        await queue.delete(if_empty=False)
        with pytest.raises(ChannelNotFoundEntity):
            rabbitmq_server.queue_depth("counted")


async def wait_for_depth(server: RabbitMQServer, queue: str, depth: int) -> None:
    """Wait until a queue has a number of messages."""
    async with asyncio.timeout(WAIT_SECONDS):
        while server.queue_depth(queue) != depth:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a_confirmed_message_survives_the_end_of_rabbitmq_on_the_same_port(
    server: RabbitMQServer, end: str
) -> None:
    url = server.url()
    async with channel_of(server) as channel:
        await declare(channel, f"{end}_more")
        server.wait_until_on_disk(f"{end}_more")
        await declare(channel, end)
        server.wait_until_on_disk(end)
        await publish(channel, end, b"kept")
    getattr(server, end)()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port)).close()
    server.start()
    assert server.url() == url
    await wait_for_depth(server, end, 1)
    async with channel_of(server) as channel:
        message = await (await declare(channel, end)).get(timeout=WAIT_SECONDS)
        assert message is not None
        assert message.body == b"kept"
        await message.ack()


async def test_a_paused_rabbitmq_does_not_respond_until_it_is_resumed(
    server: RabbitMQServer,
) -> None:
    async with channel_of(server) as channel:
        await declare(channel, "paused")
        server.pause()
        answer = asyncio.create_task(publish(channel, "paused", b"late"))
        done, _ = await asyncio.wait({answer}, timeout=1)
        assert done == set()
        server.resume()
        await answer
    assert server.queue_depth("paused") == 1


async def test_virtual_hosts_of_rabbitmq_are_separate_and_open_to_the_user(
    server: RabbitMQServer,
) -> None:
    server.create_vhost("a shop/of its own")
    async with channel_of(server, "a shop/of its own") as channel:
        await channel.declare_exchange("events", ExchangeType.TOPIC, durable=True)
        await declare(channel, "apart")
        server.wait_until_on_disk("apart", "a shop/of its own")
        await publish(channel, "apart", b"one")
    assert server.queue_depth("apart", "a shop/of its own") == 1
    with pytest.raises(ChannelNotFoundEntity):
        server.queue_depth("apart")


async def test_the_management_of_rabbitmq_has_its_own_port(
    server: RabbitMQServer,
) -> None:
    async with httpx.AsyncClient(auth=(server.user, server.password)) as client:
        url = f"http://{server.host}:{server.management_port}/api/whoami"
        answer = await client.get(url, timeout=WAIT_SECONDS)
    assert (answer.status_code, answer.json()["name"]) == (200, server.user)


def test_a_private_rabbitmq_listens_on_this_machine_only(server: RabbitMQServer) -> None:
    node = server._node  # pylint: disable=protected-access
    assert node is not None
    addresses = listening(node.ports)
    assert {port for _, port in addresses} == node.ports
    assert {address for address, _ in addresses} <= {"127.0.0.1", "::1"}


def listening(ports: set[int]) -> set[tuple[str, int]]:
    """Return the addresses at which this machine listens on some ports."""
    found = set()
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path("/proc/net", table).read_text(encoding="utf-8").splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, port = local.partition(":")
            if state == LISTENS and int(port, 16) in ports:
                # Words of four bytes, each in reverse byte order.
                words = [
                    bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)
                ]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


def test_a_rabbitmq_of_the_environment_is_used_and_not_stopped(
    server: RabbitMQServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.create_vhost("named")
    monkeypatch.setenv("TEST_RABBITMQ_URL", server.url("named"))
    with start_rabbitmq() as external:
        assert external.url() == server.url("named")
        for refused in (external.kill, lambda: external.create_vhost("other")):
            with pytest.raises(RuntimeError, match="TEST_RABBITMQ_URL is not ours"):
                refused()
    monkeypatch.delenv("TEST_RABBITMQ_URL")
    with pytest.raises(ChannelNotFoundEntity):
        server.queue_depth("nothing")


@pytest.mark.parametrize(
    "url", ["rabbit", "http://u:p@host", "amqp://host", "amqp://u@host", "amqp://u:p@host/?a=b"]
)
def test_a_wrong_url_of_rabbitmq_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_RABBITMQ_URL", url)
    with pytest.raises(ServerUnavailable, match="^TEST_RABBITMQ_URL"):
        start_rabbitmq()


@pytest.mark.parametrize(
    ("pipeline", "outcome"), [("", pytest.skip.Exception), ("true", ServerNotInstalled)]
)
def test_without_a_rabbitmq_its_tests_are_skipped_and_in_the_pipeline_fail(
    pipeline: str,
    outcome: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("TEST_RABBITMQ_URL", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "PACKAGED_BINARIES", tmp_path)
    monkeypatch.setenv("CI", pipeline)
    with pytest.raises(outcome, match=r"^no RabbitMQ: TEST_RABBITMQ_URL is not set, [^\n]+$"):
        rabbitmq_or_skip()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("arguments", ["start_rabbitmq", "start_rabbitmq paused"])
def test_a_killed_test_process_leaves_no_rabbitmq_and_no_folder(arguments: str) -> None:
    check_that_nothing_is_left(*arguments.split())
