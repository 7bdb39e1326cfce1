"""The events of the stub: signed, in Stripe's form, and repeated until they are accepted."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.gateways.payments.stripe_provider import StripeProvider
from tests.support.processes import WAIT_SECONDS
from tests.support.servers.stripe import WEBHOOK_SECRET, StripeServer
from tests.support.servers.stripe.schemas import PACKAGE, StripeSchemas, stripe_schemas
from tests.test_gateways.payments.conftest import begun, key


@dataclass
class Receiver:
    """The received events, and the number of deliveries to be refused first."""

    port: int
    arrived: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    refuses: int = 0

    def of(self, reference: str) -> list[dict[str, Any]]:
        """Return the events about a payment, in the order of their arrival."""
        events: list[dict[str, Any]] = [json.loads(body) for body, _ in self.arrived]
        return [
            each
            for each in events
            if reference
            in (each["data"]["object"]["id"], each["data"]["object"].get("payment_intent"))
        ]


@pytest.fixture(name="receiver")
def _receiver(stripe: StripeServer) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        """Receives events."""

        def do_POST(self) -> None:  # pylint: disable=invalid-name  # as http.server calls it
            """Accept an event, or refuse it."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.refuses -= 1
            if receiver.refuses < 0:
                receiver.arrived.append((body, dict(self.headers.items())))
            self.send_response(200 if receiver.refuses < 0 else 503)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:  # pylint: disable=arguments-differ
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield receiver
        stripe.control(webhooks=None)
        server.shutdown()
        thread.join()


def send_to(receiver: Receiver, stripe: StripeServer, **disorder: float) -> None:
    """Let the stub send the undelivered events, with faults."""
    url = f"http://127.0.0.1:{receiver.port}/events"
    stripe.control(
        webhooks={"url": url, "secret": WEBHOOK_SECRET, "retry_seconds": 0.05} | disorder
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_for(stripe: StripeServer) -> None:
    """Wait until all events are delivered or dropped."""
    wait_until(lambda: stripe.undelivered() == 0)


PAID = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


async def test_the_events_of_a_payment_arrive(
    provider: StripeProvider, stripe: StripeServer, receiver: Receiver
) -> None:
    reference = await begun(provider)
    stripe.pay(reference)
    await provider.refund(reference, 500, key())
    send_to(receiver, stripe)
    wait_for(stripe)
    kinds = sorted(each["type"] for each in receiver.of(reference))
    assert kinds == sorted([*PAID, "charge.refunded", "refund.created"])
    for body, headers in receiver.arrived:
        assert await provider.read_event(body, headers) is not None


async def test_an_event_is_repeated_until_it_is_accepted(
    provider: StripeProvider, stripe: StripeServer, receiver: Receiver
) -> None:
    receiver.refuses = 1_000_000
    send_to(receiver, stripe)
    reference = await begun(provider)
    wait_until(lambda: receiver.refuses < 1_000_000 - 3)
    assert (receiver.of(reference), stripe.undelivered() > 0) == ([], True)
    receiver.refuses = 0
    wait_for(stripe)
    assert [each["type"] for each in receiver.of(reference)] == PAID[:1]


@pytest.mark.parametrize(("disorder", "times"), [("drop", 0), ("double", 2)])
async def test_events_are_lost_or_doubled_on_request(
    provider: StripeProvider,
    stripe: StripeServer,
    receiver: Receiver,
    disorder: str,
    times: int,
) -> None:
    send_to(receiver, stripe, **{disorder: 1.0})
    reference = await begun(provider)
    stripe.pay(reference)
    wait_for(stripe)
    kinds = sorted(each["type"] for each in receiver.of(reference))
    assert kinds == sorted(PAID * times)


async def test_events_arrive_in_another_order_when_some_are_late(
    provider: StripeProvider, stripe: StripeServer, receiver: Receiver
) -> None:
    references = [await begun(provider) for _ in range(20)]
    for reference in references:
        stripe.pay(reference)
    send_to(receiver, stripe, delay=0.5, delay_seconds=0.3, seed=1)
    wait_for(stripe)
    kinds = [[each["type"] for each in receiver.of(reference)] for reference in references]
    assert [sorted(each) for each in kinds] == [sorted(PAID)] * 20
    assert any(each != PAID for each in kinds)


async def test_undelivered_events_survive_a_kill_of_the_stub(
    provider: StripeProvider, stripe: StripeServer, receiver: Receiver
) -> None:
    receiver.refuses = 1_000_000
    send_to(receiver, stripe)
    reference = await begun(provider)
    stripe.kill()
    receiver.refuses = 0
    stripe.start()
    wait_for(stripe)
    # One event is repeated: the stub was killed before it recorded the acceptance.
    assert {each["type"] for each in receiver.of(reference)} == {*PAID[:1]}


@pytest.fixture(name="schemas")
def _schemas() -> StripeSchemas:
    schemas = stripe_schemas()
    if schemas is None:
        pytest.skip(f"npm cannot fetch {PACKAGE}: nothing is compared with Stripe's document")
    return schemas


async def test_each_event_and_its_object_match_the_schemas_of_stripe(
    provider: StripeProvider, stripe: StripeServer, receiver: Receiver, schemas: StripeSchemas
) -> None:
    for card in ("4000000000000002", "4000002500003155", "000123456789", "4000000000005126"):
        stripe.pay(await begun(provider), card)
    held = await begun(provider, captures_by_itself=False)
    stripe.pay(held)
    await provider.capture(held, 1_500, key())
    await provider.void(await begun(provider), key())
    failing = await begun(provider)
    stripe.pay(failing, "4000000000005126")
    await provider.refund(failing, 500, key())
    stripe.control(finish_refunds=None)
    expiring = await begun(provider, captures_by_itself=False)
    stripe.pay(expiring)
    stripe.control(advance_seconds=7 * 24 * 3_600)
    send_to(receiver, stripe)
    wait_for(stripe)
    events = [json.loads(body) for body, _ in receiver.arrived]
    assert {
        *("charge.captured", "charge.expired", "charge.failed", "charge.refund.updated"),
        *("charge.refunded", "charge.succeeded", "payment_intent.amount_capturable_updated"),
        *("payment_intent.canceled", "payment_intent.created", "payment_intent.payment_failed"),
        *("payment_intent.processing", "payment_intent.requires_action"),
        *("payment_intent.succeeded", "refund.created", "refund.failed"),
    } <= {each["type"] for each in events}
    for event in events:
        schemas.check_object("event", event)
        schemas.check_object(event["data"]["object"]["object"], event["data"]["object"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "paid"},
        {"amount": "1999"},
        {"metadata": {"order_number": 1_042}},
        {"latest_charge": {"id": "ch_1"}},
        {"last_payment_error": {"code": "card_declined"}},
    ],
)
async def test_a_response_with_another_schema_is_found(
    provider: StripeProvider, stripe: StripeServer, schemas: StripeSchemas, wrong: dict[str, Any]
) -> None:
    await begun(provider)
    (exchange,) = stripe.control(exchanges=None)
    schemas.check(exchange)
    with pytest.raises(AssertionError):
        schemas.check(exchange | {"body": exchange["body"] | wrong})


@pytest.mark.parametrize(
    "wrong", [{"colour": "red"}, {"amount": "1.5"}, {"automatic_payment_methods": {"on": "1"}}]
)
async def test_a_request_with_another_schema_is_found(
    provider: StripeProvider, stripe: StripeServer, schemas: StripeSchemas, wrong: dict[str, Any]
) -> None:
    await begun(provider)
    (exchange,) = stripe.control(exchanges=None)
    with pytest.raises(AssertionError):
        schemas.check(exchange | {"given": exchange["given"] | wrong})
