"""Runs a worker or a shop with faults that a kill test has planted in it."""

import argparse
import json
from collections.abc import Mapping, Sequence
from contextvars import ContextVar

from msgspec.structs import replace

from app import rabbitmq_consumer, server
from app.messaging.commands import COMMANDS, Outcome, Services, place_orders
from app.messaging.delivery import Delivery
from app.messaging.pipeline import Pipeline
from app.schemas.orders.order_messages import OrderCommand
from app.security.principal import Caller
from app.services.messaging.inbox_service import InboxService
from benchmarks.chaos.plan import STUMBLING_CITY
from main import create_app

_FAILURES = 2
_attempts: ContextVar[Mapping[str, int]] = ContextVar("attempts")
_apply = Pipeline._apply  # pylint: disable=protected-access  # attempts are known there


class PlantedFault(Exception):
    """A handler fails with an unexpected error."""


async def apply_noting_attempts(pipeline: Pipeline, deliveries: Sequence[Delivery]) -> None:
    """Apply messages, and record the attempts of those whose handler fails at first."""
    stumbling = [each for each in deliveries if STUMBLING_CITY.encode() in each.body]
    _attempts.set(
        {json.loads(each.body)["delivery_address"]["street"]: each.attempts for each in stumbling}
    )
    await _apply(pipeline, deliveries)


async def stumble(
    services: Services, orders: Sequence[tuple[Caller, OrderCommand]]
) -> list[Outcome]:
    """Place orders, and then raise an error if one of them is planned to fail again."""
    outcomes = await place_orders(services, orders)
    for _, order in orders:
        address = order.delivery_address
        if address is None or address.city != STUMBLING_CITY:
            continue
        if _attempts.get()[address.street] < _FAILURES:
            raise PlantedFault(address.street)
    return outcomes


async def call_all_new(_inbox: InboxService, _queue: str, digests: Mapping[str, bytes]) -> set[str]:
    """Treat every message as one that has not been applied yet."""
    return set(digests)


def main() -> None:
    """Plant the faults and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos.planted", description=__doc__)
    parser.add_argument("kind", choices=("worker", "shop"))
    parser.add_argument("--no-inbox", action="store_true", help="apply a repeated message again")
    arguments, others = parser.parse_known_args()
    COMMANDS["order"] = replace(COMMANDS["order"], handle_many=stumble)
    setattr(Pipeline, "_apply", apply_noting_attempts)
    if arguments.no_inbox:
        setattr(InboxService, "claim", call_all_new)
    run_process(arguments.kind, others)


def run_process(kind: str, others: list[str]) -> None:
    """Run a worker or a shop in this process."""
    if kind == "worker":
        rabbitmq_consumer.main()
    else:
        server.main(create_app, others)


if __name__ == "__main__":
    main()
