"""A producer without a library: it writes the bytes of AMQP 0-9-1 itself."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ProtocolHeader

from app.settings import Settings

# The flags of the properties, in the order in which their values follow (section 4.2.6.1).
FLAGS = {
    "content_type": 1 << 15,
    "content_encoding": 1 << 14,
    "headers": 1 << 13,
    "delivery_mode": 1 << 12,
    "priority": 1 << 11,
    "correlation_id": 1 << 10,
    "reply_to": 1 << 9,
    "expiration": 1 << 8,
    "message_id": 1 << 7,
    "timestamp": 1 << 6,
    "type": 1 << 5,
    "user_id": 1 << 4,
    "app_id": 1 << 3,
    "cluster_id": 1 << 2,
}
_SECONDS = 20


def short(text: bytes) -> bytes:
    """Return a short string."""
    return bytes([len(text)]) + text


def long(text: bytes) -> bytes:
    """Return a long string, or the content of a table or an array, with its length."""
    return struct.pack(">I", len(text)) + text


def table(*entries: tuple[bytes, bytes]) -> bytes:
    """Return a table of keys and values, the values with their types."""
    return long(b"".join(short(key) + value for key, value in entries))


class Producer:
    """One connection and one channel with publisher confirms."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""

    def publish(self, queue: str, body: bytes, **properties: bytes) -> None:
        """Publish a message with properties as bytes, and wait for the confirmation."""
        flags = sum(FLAGS[name] for name in properties)
        values = b"".join(properties[name] for name in FLAGS if name in properties)
        # The class of `basic` is 60; a weight of 0 follows it.
        header = struct.pack(">HHQH", 60, 0, len(body), flags) + values
        self.send(1, commands.Basic.Publish(routing_key=queue))
        self._connection.sendall(struct.pack(">BHI", 2, 1, len(header)) + header + b"\xce")
        if body:
            self.send(1, ContentBody(body))
        self.expect("Basic.Ack")

    def send(self, channel: int, sent: Any) -> None:
        """Send a frame."""
        self._connection.sendall(frame.marshal(sent, channel))

    def expect(self, name: str) -> Any:
        """Return the broker's response, which must be of a kind."""
        while True:
            length, _, answer = self._next()
            self._read = self._read[length:]
            if answer.name != "Heartbeat":
                assert answer.name == name, f"{answer.name} in place of {name}: {dict(answer)}"
                return answer

    def _next(self) -> tuple[int, int, Any]:
        while len(self._read) < 7 or len(self._read) < 8 + (frame.frame_parts(self._read)[2] or 0):
            part = self._connection.recv(65_536)
            assert part, "the broker has hung up"
            self._read += part
        return frame.unmarshal(self._read)


@contextmanager
def producer(settings: Settings) -> Iterator[Producer]:
    """Connect to the broker from the settings."""
    address = (str(settings.rabbitmq_host), settings.rabbitmq_port)
    password = settings.rabbitmq_password.get_secret_value()
    with socket.create_connection(address, timeout=_SECONDS) as connection:
        its = Producer(connection)
        connection.sendall(ProtocolHeader().marshal())
        its.expect("Connection.Start")
        plain = f"\0{settings.rabbitmq_user}\0{password}"
        its.send(0, commands.Connection.StartOk(mechanism="PLAIN", response=plain))
        its.expect("Connection.Tune")
        its.send(0, commands.Connection.TuneOk(channel_max=10, frame_max=131_072, heartbeat=0))
        its.send(0, commands.Connection.Open(virtual_host=settings.rabbitmq_vhost))
        its.expect("Connection.OpenOk")
        its.send(1, commands.Channel.Open())
        its.expect("Channel.OpenOk")
        its.send(1, commands.Confirm.Select())
        its.expect("Confirm.SelectOk")
        yield its
