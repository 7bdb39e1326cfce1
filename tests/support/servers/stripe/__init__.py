"""A stub of Stripe in a separate process, as strict as Stripe, with faults on request."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import httpx

from tests.support.servers.scratch import HOST, Account, Scratch, free_port
from tests.support.servers.server import Program, Server, ServerProcess

ROOT: Final = Path(__file__).resolve().parents[4]
SECRET_KEY: Final = "sk_test_lavka"
WEBHOOK_SECRET: Final = "whsec_lavka"
ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True)
class StripeServer(Server):
    """A stub whose payments, stored responses and events survive SIGKILL."""

    external_url: ClassVar[str] = "the address of the stub"

    @property
    def url(self) -> str:
        """The base of the API."""
        return f"http://{self.host}:{self.port}"

    def control(self, **asked: Any) -> Any:
        """Send one control command: see `Stub.control` in `program.py`."""
        answer = httpx.post(f"{self.url}/_control", json=asked, timeout=ANSWER_SECONDS)
        return answer.raise_for_status().json()["done"]

    def pay(self, intent: str, card: str = "4242424242424242") -> Any:
        """Pay as the customer does; the response is the intent, or an error."""
        return self.control(confirm={"intent": intent, "card": card})

    def ledger(self) -> dict[str, Any]:
        """Return the captured and refunded money, by the id of the payment."""
        answer = httpx.get(f"{self.url}/_ledger", timeout=10 * ANSWER_SECONDS)
        return {each["id"]: each for each in answer.raise_for_status().json()["payments"]}

    def fault_counts(self) -> dict[str, int]:
        """Return the number of requests with each fault."""
        return dict(self.control(fault_counts=None))

    def undelivered(self) -> int:
        """Return the number of events that have not been delivered."""
        return int(self.control(undelivered=None))


def start_stripe() -> StripeServer:
    """Start a private stub."""
    scratch = Scratch(Account(), "stripe")
    try:
        port = free_port()
        process = ServerProcess(_program(port, scratch.path / "stripe.db"), scratch)
        process.start()
    except BaseException:
        scratch.close()
        raise
    return StripeServer(HOST, port, _process=process)


def _program(port: int, file: Path) -> Program:
    return Program(
        name="the stub of Stripe",
        command=[sys.executable, "-m", f"{__name__}.program", str(port), str(file)],
        environment=os.environ | {"PYTHONPATH": str(ROOT)},
        is_ready=lambda _pid: _is_ready(port),
    )


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/_ledger", timeout=ANSWER_SECONDS):
            return True
    except (OSError, urllib.error.URLError):
        return False
