"""Sends real baskets as orders over RabbitMQ, as a program of another company would.

It imports nothing of the shop: any program with aio-pika and the documents under /docs can do this.
It needs a shop that was started with --demo, a worker (app/rabbitmq_consumer.py), and their broker.
"""

import argparse
import asyncio
import csv
import json
import os
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

QUEUE = "order"
AT_ONCE = 100
CONFIRM_SECONDS = 30
BASKETS = Path(__file__).resolve().parent.parent / "app" / "demo" / "orders.csv"


@dataclass(frozen=True, slots=True)
class Basket:
    """The purchase of one household: units by SKU, line by line."""

    username: str
    lines: tuple[tuple[str, int], ...]


def read_baskets(path: Path, count: int) -> list[Basket]:
    """Return the first baskets of a file; the rows of a basket are adjacent."""
    with path.open(newline="", encoding="utf-8") as file:
        baskets = (
            tuple(group) for _, group in groupby(csv.DictReader(file), lambda row: row["reference"])
        )
        return [
            Basket(rows[0]["username"], tuple((row["sku"], int(row["quantity"])) for row in rows))
            for rows in islice(baskets, count)
        ]


# Step 1: read the ids of users and variants from the shop. Messages contain these ids.


async def token_of(client: httpx.AsyncClient, email: str, password: str) -> str:
    """Log in and return an access token; an API key would do as well."""
    response = await client.post("auth/token", data={"username": email, "password": password})
    response.raise_for_status()
    token: str = response.json()["access_token"]
    return token


async def ids_of(client: httpx.AsyncClient, path: str, name: str) -> dict[str, str]:
    """Return the ids of all items of a list by another field, page after page."""
    ids: dict[str, str] = {}
    query: dict[str, Any] = {"limit": 100}
    while True:
        response = await client.get(path, params=query)
        response.raise_for_status()
        page = response.json()
        ids |= {item[name]: item["id"] for item in page["items"]}
        if page["next"] is None:
            return ids
        query["cursor"] = page["next"]


# Step 2: make the messages. The schema of the body is in /docs/asyncapi.json.


def order_of(
    basket: Basket, users: Mapping[str, str], variants: Mapping[str, str]
) -> dict[str, Any]:
    """Return the body of an order.

    Raises:
        KeyError: the shop does not have the user, or does not sell one of the variants.
    """
    return {
        "user_id": users[basket.username],
        "items": [
            {"variant_id": variants[sku], "quantity": pieces} for sku, pieces in basket.lines
        ],
    }


def message_of(body: Mapping[str, Any], message_id: str) -> aio_pika.Message:
    """Return a message that the shop applies once, even if it arrives again with this id."""
    return aio_pika.Message(
        json.dumps(body).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message_id,
    )


# Step 3: publish, and count only messages that the broker has confirmed.


async def publish(
    channel: AbstractChannel, message: aio_pika.Message, advance: Callable[[], None]
) -> str | None:
    """Send a message to the queue; return the reason of a failure, or None."""
    try:
        # mandatory: without the queue, the broker returns the message instead of dropping it.
        await channel.default_exchange.publish(
            message, QUEUE, mandatory=True, timeout=CONFIRM_SECONDS
        )
    except (aio_pika.exceptions.AMQPError, OSError, RuntimeError, TimeoutError) as error:
        return str(error) or type(error).__name__
    finally:
        advance()
    return None


async def publish_all(
    url: str, messages: list[aio_pika.Message], advance: Callable[[], None]
) -> list[str]:
    """Send messages in their order; return the reasons of all failures."""
    failures: list[str | None] = []
    async with await aio_pika.connect(url) as connection:
        # A channel and a queue keep the order of messages: the first sent arrives first.
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        for start in range(0, len(messages), AT_ONCE):
            some = messages[start : start + AT_ONCE]
            failures += await asyncio.gather(*(publish(channel, each, advance) for each in some))
    return [each for each in failures if each is not None]


async def run(arguments: argparse.Namespace) -> int:
    """Run all three steps; return 0 if the broker has confirmed every message."""
    baskets = read_baskets(BASKETS, arguments.orders)
    async with httpx.AsyncClient(base_url=f"{arguments.url}/api/v1/", timeout=30) as client:
        key = arguments.api_key or await token_of(client, arguments.email, arguments.password)
        client.headers["Authorization"] = f"Bearer {key}"
        users = await ids_of(client, "users", "username")
        variants = await ids_of(client, "variants", "sku")
    orders = [order_of(basket, users, variants) for basket in baskets]
    messages = [
        message_of(order, f"{arguments.run}-{number}") for number, order in enumerate(orders, 1)
    ]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("orders", total=len(messages))
        failures = await publish_all(arguments.amqp_url, messages, lambda: progress.advance(task))
    print(f"{len(messages) - len(failures)} of {len(messages)} orders confirmed by the broker")
    print(f"run it again with --run {arguments.run}: none of them is placed twice")
    for reason in dict.fromkeys(failures):
        print(f"error: {reason}", file=sys.stderr)
    return 1 if failures else 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    its = argparse.ArgumentParser(description=__doc__)
    its.add_argument(
        "--orders", type=int, default=100, metavar="N", help="how many (100), of 2,400"
    )
    its.add_argument("--url", default="http://localhost:8000", help="the shop")
    its.add_argument("--amqp-url", default="amqp://guest:guest@localhost:5672/", help="the broker")
    its.add_argument(
        "--run",
        default=uuid.uuid4().hex[:12],
        metavar="NAME",
        help="prefix of the message ids, to repeat a run; generated by default",
    )
    its.add_argument("--api-key", default=os.environ.get("API_KEY"), help="instead of a log-in")
    its.add_argument("--email", default=os.environ.get("ADMIN_EMAIL", "admin@example.com"))
    its.add_argument("--password", default=os.environ.get("ADMIN_PASSWORD", ""))
    return its


def main() -> None:
    """Send the orders, and exit with 0 if all were confirmed, else 1, or 2 if none was sent."""
    arguments = parser().parse_args()
    try:
        sys.exit(asyncio.run(run(arguments)))
    except KeyError as error:
        print(f"error: the shop does not have {error}; start it with --demo", file=sys.stderr)
    except (httpx.HTTPError, aio_pika.exceptions.AMQPError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
