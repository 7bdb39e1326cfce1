"""The account, the port and the temporary directory of a private server."""

from __future__ import annotations

import importlib.util
import os
import pwd
import random
import socket
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

HOST: Final = "127.0.0.1"
UNPRIVILEGED_ACCOUNTS: Final = ("postgres", "nobody")
# Below the range from which kernels take the ports of outgoing connections: a free port from
# inside it can be taken by some client while the server is down between kill() and start().
PORTS: Final = range(20000, 32000)
TIMEOUT: Final = 60.0
# Reads the server's process id, followed by those of its children while they are paused, a line for
# each change, until the test process closes the pipe or dies. Not PR_SET_PDEATHSIG: that fires when
# the thread which called start() ends, and leaves the directory behind. A paused process handles a
# signal, or the end of its parent, only when it continues, hence -CONT. At last the whole process
# group of the server is killed, because a child of RabbitMQ outlives it.
WATCHDOG: Final = """
while read -r first others; do pid=$first paused=$others; done
if [ "${pid:-0}" -gt 0 ]; then
    kill -QUIT "$pid"
    kill -CONT "$pid" $paused
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "-$pid"
fi
rm -rf -- "$1"
"""


class ServerUnavailable(RuntimeError):
    """No such server is available here; the message says why."""


class ServerNotInstalled(ServerUnavailable):
    """The environment names no such server, and this machine has none to start."""


@dataclass(frozen=True)
class Account:
    """The system account of a server's processes; all None means the current one."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None

    @classmethod
    def unprivileged(cls) -> Account:
        """The current account, or another one for root, which some servers refuse to run as."""
        if os.geteuid() != 0:
            return cls()
        for name in UNPRIVILEGED_ACCOUNTS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid, ())
        raise ServerUnavailable(
            f"the server does not run as root and there is no user {either(UNPRIVILEGED_ACCOUNTS)}"
        )

    def can_reach(self, path: Path) -> bool:
        """Whether the account may execute the file, or enter the directory, at a path."""
        path = path.resolve()
        if self.user is None:
            return os.access(path, os.X_OK)
        return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))

    def can_run(self, program: Path) -> bool:
        """Whether the account may execute the program at a path."""
        return program.is_file() and self.can_reach(program)

    def give(self, tree: Path) -> None:
        """Make the account the owner of a file or of a whole directory."""
        if self.user is None or self.group is None:
            return
        for place in (tree, *tree.rglob("*")):
            os.chown(place, self.user, self.group, follow_symlinks=False)


class Scratch:
    """A temporary directory that is deleted, with its server, when the test process ends."""

    def __init__(self, account: Account, name: str) -> None:
        self.account = account
        parent = _temporary_directory(account)
        self.path = Path(tempfile.mkdtemp(prefix=f"lavka-{name}-", dir=parent))
        account.give(self.path)
        # It ends with the process, after everything that a `with` could hold.
        self._watchdog = subprocess.Popen(  # pylint: disable=consider-using-with
            ["/bin/sh", "-c", WATCHDOG, "sh", str(self.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def run(
        self, command: Sequence[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the directory to its end, as the account."""
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.path,
            env=environment,
            user=self.account.user,
            group=self.account.group,
            extra_groups=self.account.extra_groups,
        )

    def track(self, pid: int, *paused: int) -> None:
        """Set the server process to end with this one, and its paused children."""
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(b"%s\n" % " ".join(map(str, (pid, *paused))).encode())
        self._watchdog.stdin.flush()

    def close(self) -> None:
        """Make the watchdog end the tracked processes and remove the directory."""
        self._watchdog.communicate(timeout=TIMEOUT)


def external_url(variable: str) -> URL | None:
    """The URL of the server that the environment names, if it names one."""
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        return make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ServerUnavailable(f"{variable} is not a URL") from error


def free_port() -> int:
    """A free port of this machine."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServerUnavailable(f"no free port on {HOST} between {PORTS.start} and {PORTS.stop}")


def free_ports(count: int) -> set[int]:
    """A number of different free ports of this machine."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return ports


def wheel_package(name: str) -> Path | None:
    """The directory of an installed package, which is not imported; None when there is none."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def either(names: tuple[str, ...]) -> str:
    """The names joined by "or"."""
    return " or ".join(names)


def _temporary_directory(account: Account) -> Path:
    places = (tempfile.gettempdir(), "/tmp", "/var/tmp")
    for place in map(Path, places):
        if place.is_dir() and account.can_reach(place):
            return place
    raise ServerUnavailable(f"the server's account cannot enter {either(places)}")
