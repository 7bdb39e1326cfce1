"""An SMTP server in a separate process, which stores each received mail in a file."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path

from tests.support.processes import WAIT_SECONDS, free_port
from tests.support.servers import smtp_program
from tests.support.servers.smtp_program import SECRET, USER

__all__ = ["SECRET", "USER", "Received", "SmtpServer", "receiving"]


@dataclass(frozen=True)
class Received:
    """A received mail."""

    sender: str
    recipients: list[str]
    is_encrypted: bool
    is_authenticated: bool
    text: str

    @property
    def message(self) -> EmailMessage:
        """The mail with its headers."""
        return message_from_string(self.text, policy=policy.default)


@dataclass(frozen=True)
class SmtpServer:
    """A server that listens on a port of this machine."""

    port: int
    folder: Path

    def received(self) -> list[Received]:
        """Return the mails that have arrived."""
        files = sorted(self.folder.glob("*.json"))
        return [Received(**json.loads(each.read_text("utf-8"))) for each in files]

    def is_spoken_to(self) -> bool:
        """Return whether a client has begun to send a mail."""
        return (self.folder / "spoken-to").exists()


@contextmanager
def receiving(folder: Path, *options: str, port: int | None = None) -> Iterator[SmtpServer]:
    """Run a server until the end; the options are those of its command line."""
    port = port or free_port()
    folder.mkdir(exist_ok=True)
    command = [sys.executable, smtp_program.__file__, str(port), str(folder), *options]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + WAIT_SECONDS
            while not (folder / "ready").exists():
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.02)
            yield SmtpServer(port, folder)
        finally:
            process.kill()
            (folder / "ready").unlink(missing_ok=True)
