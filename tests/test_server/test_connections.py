"""Connections that send little or nothing do not block other clients."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from app.web.middleware.body_limits import MAX_SLOW_BODIES_PER_CLIENT, SLOW_SECONDS
from tests.conftest import sqlite_settings
from tests.support.processes import ServedShop, serving
from tests.test_web.streams import connect, read_to_end

# The bytes that a client sends before it stops.
SILENT = {
    "nothing": b"",
    "half a header": b"GET / HTTP/1.1\r\nHost",
    "half a preface of HTTP/2": b"PRI * HT",
    "a request, and nothing more": b"GET /health/live HTTP/1.1\r\nHost: shop\r\n\r\n",
    "a request, and half of another": b"GET /health/live HTTP/1.1\r\nHost: shop\r\n\r\nGET /",
}
SLOW_BODY = (
    b"POST /api/v1/auth/token HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\na"
)


@pytest.fixture(name="shop", scope="module")
def served_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """A shop process that all these tests share."""
    folder = tmp_path_factory.mktemp("connections")
    with serving(sqlite_settings(folder / "var"), folder) as its:
        yield its


@pytest.fixture(name="opened")
def opened_connections() -> Iterator[ExitStack]:
    """The stack that closes the connections of a test."""
    with ExitStack() as its:
        yield its


def send(opened: ExitStack, shop: ServedShop, sent: bytes) -> socket.socket:
    """Open a connection, and send the beginning of a request."""
    connection = connect(opened, shop.port)
    connection.sendall(sent)
    return connection


def answers_at_once(shop: ServedShop) -> bool:
    """Return whether the shop responds to a new client at once."""
    return httpx.get(f"{shop.url}/health/live", timeout=2).status_code == 200


def test_a_silent_connection_is_closed_after_ten_seconds(
    shop: ServedShop, opened: ExitStack
) -> None:
    began = time.monotonic()
    connections = [send(opened, shop, each) for each in SILENT.values()]
    for name, connection in zip(SILENT, connections, strict=True):
        read_to_end(connection)
        assert 9 < time.monotonic() - began < 20, name


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400),
        (b"GET /" + b"a" * 66_000 + b" HTTP/1.1\r\nHost: shop\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: shop\r\n" + b"X-Many: a\r\n" * 200 + b"\r\n", 431),
    ],
    ids=["malformed", "long target", "many headers"],
)
def test_a_refusal_of_the_http_server_has_an_empty_response(
    shop: ServedShop, opened: ExitStack, head: bytes, status: int
) -> None:
    connection = connect(opened, shop.port)
    connection.sendall(head)
    response = read_to_end(connection)
    assert response.startswith(b"HTTP/1.1 %d " % status), response
    assert b"\r\ncontent-length: 0\r\n" in response and response.endswith(b"\r\n\r\n")


def test_responses_name_the_server_without_its_version(shop: ServedShop, opened: ExitStack) -> None:
    request = b"GET /health/live HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
    response = read_to_end(send(opened, shop, request))
    assert response.startswith(b"HTTP/1.1 200 ") and b"\r\nserver: granian\r\n" in response


def test_an_endless_request_head_is_refused_before_it_takes_much_memory(
    shop: ServedShop, opened: ExitStack
) -> None:
    connection = send(opened, shop, b"GET / HTTP/1.1\r\nHost: shop\r\nX-Long: ")
    # The server closes the connection while the client still sends.
    with pytest.raises(ConnectionError):
        for _ in range(1_000):
            connection.sendall(b"a" * 16_384)


def test_http_2_is_not_supported(shop: ServedShop, opened: ExitStack) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings_frame = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    assert read_to_end(send(opened, shop, preface + settings_frame)) == b""


def test_hundreds_of_open_connections_do_not_block_other_clients(
    shop: ServedShop, opened: ExitStack
) -> None:
    silent = [connect(opened, shop.port) for _ in range(400)]
    assert answers_at_once(shop)
    assert len(silent) == 400


def test_an_address_has_a_limited_number_of_slow_bodies(
    shop: ServedShop, opened: ExitStack
) -> None:
    slow = [send(opened, shop, SLOW_BODY) for _ in range(MAX_SLOW_BODIES_PER_CLIENT + 5)]
    time.sleep(SLOW_SECONDS * 2 + 1)
    assert answers_at_once(shop)
    statuses = [_status(each) for each in slow]
    assert statuses.count(None) == MAX_SLOW_BODIES_PER_CLIENT
    assert statuses.count(429) == 5
    for each in slow:
        each.close()
    # Closed connections no longer count.
    time.sleep(0.5)
    again = [send(opened, shop, SLOW_BODY) for _ in range(MAX_SLOW_BODIES_PER_CLIENT)]
    time.sleep(SLOW_SECONDS * 2 + 0.5)
    assert [_status(each) for each in again] == [None] * MAX_SLOW_BODIES_PER_CLIENT
    # A body that arrives at once is not counted.
    token = f"{shop.url}/api/v1/auth/token"
    form = {"username": "nobody@example.com", "password": "wrong"}
    assert httpx.post(token, data=form).status_code == 401


def _status(connection: socket.socket) -> int | None:
    """Return the status of a response that has arrived, or None."""
    connection.setblocking(False)
    try:
        return int(connection.recv(65_536).split()[1])
    except BlockingIOError:
        return None
