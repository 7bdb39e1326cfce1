"""Runs the shop's programs as separate processes, with their settings in the environment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

import httpx

from app.settings import Settings
from tests.support.programs.forked import Forked, fork
from tests.support.servers.scratch import free_port
from tests.support.servers.sqlite import give_schema

__all__ = [
    "ROOT",
    "WAIT_SECONDS",
    "Program",
    "ServedShop",
    "away",
    "environment",
    "free_port",
    "run",
    "serving",
    "started",
]

ROOT = Path(__file__).resolve().parent.parent.parent
WAIT_SECONDS = 60
Program = Forked | subprocess.Popen[bytes]


@dataclass(frozen=True)
class ServedShop:
    """A shop that listens on a port of this machine."""

    process: Program
    port: int
    output: Path
    errors: Path
    """Files instead of pipes: a pipe that is not read would block a shop with much output."""

    @property
    def url(self) -> str:
        """The URL of the shop."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Wait for the first response."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.ended()
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError(f"{self.url} does not answer")

    def stop(self) -> tuple[int, str, str]:
        """Send SIGTERM; return the exit code and the output."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit code and the output."""
        code = self.process.wait(WAIT_SECONDS)
        return code, self.output.read_text("utf-8"), self.errors.read_text("utf-8")


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process with these settings."""
    names = {field.upper() for field in settings.model_dump()}
    return {name: value for name, value in os.environ.items() if name not in names} | {
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(settings.data_dir),
        "SHOP_TIMEZONE": settings.shop_timezone,
        "REPORT_CRON": settings.report_cron,
        "TEST_CLOCK": str(int(settings.test_clock)),
        "ACCESS_LOG": str(int(settings.access_log)),
        "LOG_FORMAT": settings.log_format or "",
        "HEARTBEAT_FILE": str(settings.heartbeat_file or ""),
        "DB_HOST": settings.db_host or "",
        "DB_PORT": str(settings.db_port),
        "POSTGRES_USER": settings.postgres_user,
        "POSTGRES_PASSWORD": settings.postgres_password.get_secret_value(),
        "POSTGRES_DB": settings.postgres_db,
        "PASSWORD_MEMORY_KIB": str(settings.password_memory_kib),
        "PASSWORD_ITERATIONS": str(settings.password_iterations),
        "LOGIN_LIMIT_PER_ACCOUNT": str(settings.login_limit_per_account),
        "LOGIN_LIMIT_PER_ADDRESS": str(settings.login_limit_per_address),
        "RATE_LIMIT_PER_MINUTE": str(settings.rate_limit_per_minute),
        "REDIS_HOST": settings.redis_host or "",
        "REDIS_PORT": str(settings.redis_port),
        "REDIS_DECODE_RESPONSES": str(int(settings.redis_decode_responses)),
        "RABBITMQ_HOST": settings.rabbitmq_host or "",
        "RABBITMQ_PORT": str(settings.rabbitmq_port),
        "OTEL_EXPORTER_OTLP_ENDPOINT": settings.otel_exporter_otlp_endpoint or "",
        "RABBITMQ_VHOST": settings.rabbitmq_vhost,
        "RABBITMQ_USER": settings.rabbitmq_user,
        "RABBITMQ_PASSWORD": settings.rabbitmq_password.get_secret_value(),
    }


def away(folder: Path) -> Settings:
    """Return the settings of a shop whose database is unreachable."""
    return Settings(
        _env_file=None,
        db_host="127.0.0.1",
        db_port=free_port(),
        postgres_user="lavka",
        postgres_db="lavka",
        data_dir=folder / "var",
    )


def started(
    arguments: Sequence[str],
    *,
    folder: Path,
    settings: Mapping[str, str],
    output: IO[bytes],
    errors: IO[bytes],
    leads: str = "",
    by_python: bool = False,
) -> Program:
    """Start Python with arguments; the program may lead a new process "group" or "session".

    A program of the shop is a fork of a process that has imported it, unless `by_python` is set:
    in a fork, an import that the program lacks may already be done by another program.
    """
    if not by_python:
        return fork(
            arguments,
            folder=folder,
            environment=settings,
            output=output,
            errors=errors,
            leads=leads,
        )
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        process_group=0 if leads == "group" else None,
        start_new_session=leads == "session",
    )


def run(
    settings: Settings, folder: Path, *arguments: str | Path, by_python: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments in a folder, to its end."""
    texts = [str(each) for each in arguments]
    with (
        TemporaryFile() as output,
        TemporaryFile() as errors,
        started(
            texts,
            folder=folder,
            settings=environment(settings),
            output=output,
            errors=errors,
            by_python=by_python,
        ) as process,
    ):
        try:
            code = process.wait(WAIT_SECONDS * 2)
        finally:
            process.kill()
        said = []
        for each in (output, errors):
            each.seek(0)
            said.append(each.read().decode())
    return subprocess.CompletedProcess(texts, code, *said)


@contextmanager
def serving(
    settings: Settings,
    folder: Path,
    *arguments: str,
    is_new: bool = False,
    variables: Mapping[str, str] | None = None,
    by_python: bool = False,
) -> Iterator[ServedShop]:
    """Start a shop and wait for its first response; it is killed at the end if it still runs.

    Unless it is new, it finds a database with the schema. Variables are added to its environment.
    """
    port = free_port()
    if not is_new:
        give_schema(settings)
    with (
        TemporaryDirectory() as printed,
        (Path(printed) / "output").open("wb") as output,
        (Path(printed) / "errors").open("wb") as errors,
        started(
            [str(ROOT / "main.py"), "--port", str(port), *arguments],
            folder=folder,
            settings=environment(settings) | dict(variables or {}),
            output=output,
            errors=errors,
            leads="group",
            by_python=by_python,
        ) as process,
    ):
        served = ServedShop(process, port, Path(output.name), Path(errors.name))
        try:
            served.wait_until_ready()
            yield served
        finally:
            process.kill()
