"""Operations that no process executes, and the event streams that follow them."""

import socket
from contextlib import ExitStack
from uuid import UUID

from app.core.ids import new_id
from app.models import Operation, OperationState
from app.settings import Settings
from app.wiring.resources import Shop
from tests.support.machines import AUTHORIZATION


async def unfinished_operation(shop: Shop, user_id: UUID | None = None) -> UUID:
    """Add an operation that stays queued, and return its id."""
    now = shop.clock.now()
    operation = Operation(
        id=new_id(now),
        queue="order",
        user_id=user_id,
        caller="tests",
        role=None,
        state=OperationState.QUEUED,
        created_at=now,
        updated_at=now,
    )
    async with shop.database.write() as session:
        session.add(operation)
    return operation.id


async def unfinished_operation_in(settings: Settings) -> UUID:
    """Add an operation that stays queued to the shop of another process."""
    shop = Shop(settings)
    try:
        return await unfinished_operation(shop)
    finally:
        await shop.close()


def connect(opened: ExitStack, port: int) -> socket.socket:
    """Open a connection that the stack closes."""
    return opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))


def follow(
    opened: ExitStack, port: int, operation_id: UUID, headers: dict[str, str] | None = None
) -> socket.socket:
    """Open an event stream, and return its connection, closed by the stack."""
    connection = connect(opened, port)
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in (AUTHORIZATION | (headers or {})).items()
    )
    path = f"/api/v1/operations/{operation_id}/events"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: shop\r\n{lines}\r\n".encode())
    return connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Read until a word has arrived, or the other side has closed the connection."""
    found = b""
    while end not in found and (piece := connection.recv(65_536)):
        found += piece
    return found


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the other side has closed the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))
