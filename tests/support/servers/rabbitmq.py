"""RabbitMQ for a test session: the server that the environment names, or a private one."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

import aio_pika
from aio_pika.exceptions import AMQPError
from sqlalchemy import URL

from tests.support.servers.scratch import (
    HOST,
    TIMEOUT,
    Account,
    Scratch,
    ServerNotInstalled,
    ServerUnavailable,
    external_url,
    free_ports,
)
from tests.support.servers.server import Program, Server, ServerProcess, run_in_thread

EXTERNAL_URL: Final = "TEST_RABBITMQ_URL"
SERVER: Final = "rabbitmq-server"
CONTROL: Final = "rabbitmqctl"
PORT_MAPPER: Final = "epmd"
# Not the programs with the same names in /usr/sbin, which change to another account.
PACKAGED_BINARIES: Final = Path("/usr/lib/rabbitmq/bin")
USER: Final = "lavka"
PERMISSIONS: Final = (".*", ".*", ".*")
ANSWER_SECONDS: Final = 5.0
# The start takes 4 s on two idle cores, and a minute on busy ones.
START_SECONDS: Final = 120.0
# The first node of a machine starts the port mapper as a daemon, which outlives it and serves the
# nodes of everybody. As a child of the node it is paused, killed and waited for like the rest.
LAUNCHER: Final = f"""
{PORT_MAPPER} &
until {PORT_MAPPER} -names; do kill -0 "$!" || exit; sleep 0.05; done
exec "$1"
"""


@dataclass(frozen=True)
class RabbitMQServer(Server):
    """A RabbitMQ server that tests may fill, pause and, when it is private, crash."""

    external_url: ClassVar[str] = EXTERNAL_URL

    user: str
    password: str = field(repr=False)
    vhost: str = "/"
    management_port: int | None = None
    _node: _Node | None = field(default=None, repr=False, compare=False, kw_only=True)

    def url(self, vhost: str | None = None) -> str:
        """The connection URL of one virtual host, password included."""
        path = quote(self.vhost if vhost is None else vhost, safe="")
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"amqp://{login}@{self.host}:{self.port}/{path}"

    def create_vhost(self, name: str) -> None:
        """Create a virtual host in which the user may do everything."""
        self.define({"vhosts": [{"name": name}], "permissions": [self.rights_in(name)]})

    def rights_in(self, vhost: str) -> dict[str, str]:
        """Return a definition that lets the user do everything in a virtual host."""
        configure, write, read = PERMISSIONS
        rights = {"configure": configure, "write": write, "read": read}
        return {"user": self.user, "vhost": vhost} | rights

    def define(self, definitions: dict[str, list[dict[str, str]]]) -> None:
        """Create virtual hosts, users and rights in the format of RabbitMQ's definitions files."""
        # Each run of rabbitmqctl takes a second, regardless of the number of definitions.
        self._owned("given definitions")
        assert self._node is not None
        self._node.import_definitions(definitions)
        # On a busy machine the first client of a new virtual host waits longer than a shop does.
        for rights in definitions.get("permissions", ()):
            if rights["user"] == self.user:
                run_in_thread(self._wait_for(rights["vhost"]))

    def queue_depth(self, queue: str, vhost: str | None = None) -> int:
        """The number of messages without a consumer; 0 while a quorum queue has no leader yet."""
        return run_in_thread(self._queue_depth(queue, vhost))

    def wait_until_on_disk(self, queue: str, vhost: str = "/") -> None:
        """Wait until a quorum queue that was just declared would survive kill()."""
        # RabbitMQ 3.10 confirms a declaration a second earlier, and a queue whose name is lost
        # in a crash never has a leader again: https://github.com/rabbitmq/ra/pull/443
        self._owned("waited for")
        assert self._node is not None
        deadline = time.monotonic() + TIMEOUT
        while not self._node.keeps(queue, vhost):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the queue {queue} is not on disk after {TIMEOUT:.0f} s")
            time.sleep(0.02)

    async def _wait_for(self, vhost: str) -> None:
        connection = await aio_pika.connect(self.url(vhost), timeout=TIMEOUT)
        await connection.close()

    async def _queue_depth(self, queue: str, vhost: str | None) -> int:
        async with await aio_pika.connect(self.url(vhost), timeout=TIMEOUT) as connection:
            channel = await connection.channel()
            declared = await channel.declare_queue(queue, passive=True, timeout=TIMEOUT)
            return declared.declaration_result.message_count or 0


def start_rabbitmq(management: bool = False) -> RabbitMQServer:
    """The server named by TEST_RABBITMQ_URL, or else a private one, started and ready."""
    if (external := external_url(EXTERNAL_URL)) is not None:
        return _external_server(external)
    binaries = _find_binaries()
    # Like Redis, it does not refuse to run as root.
    scratch = Scratch(Account(), "rabbitmq")
    try:
        node = _Node(scratch, binaries, management)
        node.configure()
        process = ServerProcess(node.program(), scratch)
        process.start()
    except BaseException:
        scratch.close()
        raise
    return RabbitMQServer(
        HOST,
        node.port,
        USER,
        node.password,
        management_port=node.management_port,
        _process=process,
        _node=node,
    )


class _Node:
    """The configuration of one private server."""

    def __init__(self, scratch: Scratch, binaries: Path, management: bool) -> None:
        self.password = secrets.token_urlsafe(16)
        self.ports = free_ports(4 if management else 3)
        self.port, self._distribution_port, self._mapper_port, *spare_ports = self.ports
        self.management_port = spare_ports[0] if management else None
        self._scratch = scratch
        self._binaries = binaries

    def configure(self) -> None:
        """Write the files that the server reads."""
        lines = [
            f"listeners.tcp.local = {HOST}:{self.port}",
            f"default_user = {USER}",
            f"default_pass = {self.password}",
        ]
        plugins = "[]."
        if self.management_port is not None:
            lines += [
                f"management.tcp.ip = {HOST}",
                f"management.tcp.port = {self.management_port}",
            ]
            plugins = "[rabbitmq_management]."
        folder = self._scratch.path
        (folder / "rabbitmq.conf").write_text("\n".join([*lines, ""]), encoding="utf-8")
        (folder / "enabled_plugins").write_text(f"{plugins}\n", encoding="utf-8")

    def program(self) -> Program:
        """The program that runs the server."""
        return Program(
            name="RabbitMQ",
            command=["/bin/sh", "-c", LAUNCHER, "sh", str(self._binaries / SERVER)],
            environment=self._environment(),
            is_ready=self._is_ready,
            start_seconds=START_SECONDS,
        )

    def keeps(self, queue: str, vhost: str) -> bool:
        """Whether the file of the quorum queues names a queue."""
        name = f"{'%2F' if vhost == '/' else vhost}_{queue}".encode()
        # With the length that Erlang writes before it, or else it could be the start of another.
        written = bytes([len(name)]) + name
        files = self._scratch.path.glob("data/*/quorum/*/names.dets")
        return any(written in file.read_bytes() for file in files)

    def import_definitions(self, definitions: dict[str, list[dict[str, str]]]) -> None:
        """Import a definitions file of RabbitMQ."""
        file = self._scratch.path / "definitions.json"
        file.write_text(json.dumps({"users": []} | definitions), encoding="utf-8")
        self.control("import_definitions", str(file))

    def control(self, *arguments: str) -> None:
        """Run one command of rabbitmqctl on the running server."""
        command = [str(self._binaries / CONTROL), "--quiet", *arguments]
        done = self._scratch.run(command, self._environment())
        if done.returncode:
            raise RuntimeError(f"{CONTROL} {arguments[0]} failed\n{done.stdout}")

    def _environment(self) -> dict[str, str]:
        # Nothing is inherited but the way to the programs: whatever is not said here the server
        # would take from the variables and the files of the machine's own RabbitMQ.
        folder = self._scratch.path
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            # The cookie of the node is made there.
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(self._mapper_port),
            # The script becomes the server instead of waiting for it.
            "RUNNING_UNDER_SYSTEMD": "true",
            # Not the machine's name, which need not have an address.
            "RABBITMQ_NODENAME": f"{USER}-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                f"-kernel inet_dist_use_interface {{{HOST.replace('.', ',')}}}"
                # Else it waits for work with both cores, which the tests need.
                " +sbwt none +sbwtdcpu none +sbwtdio none"
            ),
            "RABBITMQ_CTL_ERL_ARGS": "-dist_listen false",
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
        }

    def _is_ready(self, _pid: int) -> bool:
        # First a bare connection: the client logs each refusal of one as an error.
        try:
            socket.create_connection((HOST, self.port), timeout=ANSWER_SECONDS).close()
            run_in_thread(self._shake_hands())
        except (OSError, AMQPError):
            return False
        return True

    async def _shake_hands(self) -> None:
        # Another server that took the port meanwhile does not have the password.
        connection = await aio_pika.connect(
            host=HOST, port=self.port, login=USER, password=self.password, timeout=ANSWER_SECONDS
        )
        await connection.close()


def _find_binaries() -> Path:
    places = [PACKAGED_BINARIES]
    if on_path := shutil.which(SERVER):
        places.append(Path(on_path).resolve().parent)
    account = Account()
    if shutil.which(PORT_MAPPER):
        for directory in places:
            if all(account.can_run(directory / name) for name in (SERVER, CONTROL)):
                return directory
    raise ServerNotInstalled(
        f"no RabbitMQ: {EXTERNAL_URL} is not set, and no {SERVER} is in {PACKAGED_BINARIES} or on "
        f"PATH with {PORT_MAPPER} of Erlang on PATH"
    )


def _external_server(url: URL) -> RabbitMQServer:
    if url.drivername != "amqp" or not (url.host and url.username and url.password) or url.query:
        raise ServerUnavailable(f"{EXTERNAL_URL} must be amqp://user:password@host:port/vhost")
    return RabbitMQServer(
        url.host, url.port or 5672, url.username, url.password, url.database or "/"
    )
