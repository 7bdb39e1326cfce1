"""Checks that every published port of the containers answers in its protocol."""

import argparse
import os
import socket
import sys

_HOST = "127.0.0.1"
_TIMEOUT_SECONDS = 10


def page(path: str) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the request for a page and the beginnings of a successful response."""
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    return request, (b"HTTP/1.0 200", b"HTTP/1.1 200")


_SHOP_PORT = int(os.environ.get("PORT") or 8000)
# The request and the beginnings of a response. Docker itself accepts any connection.
_CHECKS = {
    "PostgreSQL": (5433, b"\0\0\0\x08\x04\xd2\x16\x2f", (b"S", b"N")),
    "pgAdmin": (8081, *page("/misc/ping")),
    "RabbitMQ": (5672, b"AMQP\0\0\x09\x01", (b"\x01",)),
    "RabbitMQ's management": (15672, *page("/")),
    "Redis": (6379, b"PING\r\n", (b"+PONG", b"-NOAUTH")),
    "the shop": (_SHOP_PORT, *page("/health/ready")),
    "the documentation": (_SHOP_PORT, *page("/docs")),
}


def answers(port: int, greeting: bytes, beginnings: tuple[bytes, ...]) -> bool:
    """Return whether the server on a port gives the expected response."""
    with socket.create_connection((_HOST, port), timeout=_TIMEOUT_SECONDS) as connection:
        connection.sendall(greeting)
        return connection.recv(16).startswith(beginnings)


def main() -> None:
    """Print each port that answers; exit with 1 and the name of the first that does not."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    for name, (port, greeting, beginnings) in _CHECKS.items():
        try:
            if not answers(port, greeting, beginnings):
                sys.exit(f"{name} gives an unexpected response on {port}")
        except OSError as error:
            sys.exit(f"{name} does not answer on {port}: {error}")
        print(f"{name} {port}")


if __name__ == "__main__":
    main()
