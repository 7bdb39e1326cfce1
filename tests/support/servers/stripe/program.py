"""The program of the stub of Stripe: `/v1` like Stripe, and `/_control` and `/_ledger`."""

import argparse
import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar, asgi, get, post
from litestar.types import Receive, Scope, Send

from tests.support.servers.stripe.api import Api
from tests.support.servers.stripe.books import Books
from tests.support.servers.stripe.faults import Faults
from tests.support.servers.stripe.intents import Intents
from tests.support.servers.stripe.refusals import Refused
from tests.support.servers.stripe.webhooks import Webhooks


class Stub:
    """All parts of the stub, and the commands of tests."""

    def __init__(self, file: Path) -> None:
        self._books = Books(file)
        self._intents = Intents(self._books)
        self._faults = Faults()
        self.webhooks = Webhooks(self._books)
        self.api = Api(self._books, self._intents, self._faults)

    def control(self, asked: dict[str, Any]) -> Any:
        """Run a command of a test: set faults, act as the customer or the bank, move the time."""
        ((verb, given),) = asked.items()
        verbs = {
            "faults": self._faults.order,
            "next": self._faults.order_next,
            "fault_counts": lambda _: dict(self._faults.counts),
            "webhooks": self.webhooks.order,
            "advance_seconds": self._advance,
            "confirm": lambda it: self._intents.confirm(it["intent"], {}, it["card"]),
            "authenticate": lambda it: self._intents.authenticate(it["intent"], it["succeeds"]),
            "settle": lambda it: self._intents.settle(it["intent"], it["succeeds"]),
            "record": self._record,
            "exchanges": lambda _: self._exchanges(),
            "undelivered": lambda _: self._books.deliveries.count(),
            "finish_refunds": lambda _: self._intents.finish_refunds(),
        }
        with self._books.transaction():
            try:
                return verbs[verb](given)  # type: ignore[operator]
            except Refused as refused:
                return {"error": refused.error}

    def ledger(self) -> dict[str, Any]:
        """Return the captured and refunded money, by payment."""
        charges = {each["id"]: each for each in self._books.all("charge")}
        payments = [
            {
                "id": each["id"],
                "status": each["status"],
                "currency": each["currency"],
                "amount": each["amount"],
                "received": each["amount_received"],
                "refunded": (
                    charges[each["latest_charge"]]["amount_refunded"]
                    if each["latest_charge"]
                    else 0
                ),
                "metadata": each["metadata"],
            }
            for each in self._books.all("payment_intent")
        ]
        return {"payments": payments, "undelivered": self._books.deliveries.count()}

    def _record(self, is_wanted: bool) -> None:
        self.api.exchanges = [] if is_wanted else None

    def _exchanges(self) -> list[Any]:
        recorded, self.api.exchanges = self.api.exchanges or [], []
        return recorded

    def _advance(self, seconds: int) -> None:
        self._books.advance(seconds)
        self._intents.expire()


def create_app(file: Path) -> Litestar:
    """Build the stub over a file."""
    stub = Stub(file)

    @asgi("/v1", is_mount=True)
    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await stub.api(scope, receive, send)

    @post("/_control", status_code=200)
    async def control(data: dict[str, Any]) -> Any:
        return {"done": stub.control(data)}

    @get("/_ledger")
    async def ledger() -> dict[str, Any]:
        return stub.ledger()

    @asynccontextmanager
    async def delivering(_app: Litestar) -> AsyncIterator[None]:
        running = asyncio.create_task(stub.webhooks.run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    return Litestar([api, control, ledger], lifespan=[delivering], openapi_config=None)


async def _serve(port: int, file: Path) -> None:
    server = Server(
        create_app(file),
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
    )
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await asyncio.wait(
        {serving, asyncio.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED
    )
    if not serving.done():
        server.stop()  # type: ignore[no-untyped-call]  # of the library
    await serving


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.file))


if __name__ == "__main__":
    main()
