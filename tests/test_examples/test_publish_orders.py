"""The example of a producer sends orders that the shop accepts, and reports errors."""

import ast
import json
from pathlib import Path

import httpx
import pytest

from app.messaging.commands import COMMANDS
from app.schemas.orders.order_messages import OrderCommand
from examples.publish_orders import (
    BASKETS,
    QUEUE,
    Basket,
    ids_of,
    message_of,
    order_of,
    read_baskets,
    token_of,
)
from tests.conftest import sqlite_settings
from tests.support.factories import PASSWORD, create_product, create_user
from tests.support.processes import ROOT, free_port, run

ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
PROGRAM = ROOT / "examples" / "publish_orders.py"


def test_the_example_imports_nothing_of_the_shop() -> None:
    tree = ast.parse(PROGRAM.read_text("utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [each.name for each in node.names] if isinstance(node, ast.Import) else []
        )
    }
    assert "aio_pika" in imported and not imported & {"app", "main", "tests", "benchmarks"}


def test_the_example_reads_complete_baskets_in_their_order() -> None:
    first, second = read_baskets(BASKETS, 2)
    assert first == Basket("household-1510", (("1039156", 1), ("866227", 2)))
    assert second.username and second.lines
    baskets = read_baskets(BASKETS, 10_000)
    assert len(baskets) == 2_400
    assert sum(len(basket.lines) for basket in baskets) == 10_825


def test_the_queue_accepts_the_messages_of_the_example() -> None:
    basket = Basket("ada", (("tea", 2), ("cup", 1), ("tea", 1)))
    products = {"tea": ID, "cup": ID.replace("b", "c")}
    message = message_of(order_of(basket, {"ada": ID}, products), "run-1")
    order = OrderCommand.parse(json.loads(message.body))
    assert QUEUE in COMMANDS and str(order.user_id) == ID
    assert sorted(order.quantities().values()) == [1, 3]
    assert (message.message_id, message.delivery_mode) == ("run-1", 2)
    assert message.content_type == "application/json"


def test_a_basket_of_an_unknown_user_or_product_is_not_sent() -> None:
    with pytest.raises(KeyError, match="household-1"):
        order_of(Basket("household-1", (("tea", 1),)), {}, {"tea": ID})
    with pytest.raises(KeyError, match="tea"):
        order_of(Basket("ada", (("tea", 1),)), {"ada": ID}, {})


async def test_the_example_reads_all_ids_page_after_page(client: httpx.AsyncClient) -> None:
    ids = {}
    for number in range(101):
        product = await create_product(client, sku=f"sku-{number}")
        ids[product["sku"]] = product["id"]
    assert await ids_of(client, "/products", "sku") == ids


async def test_the_example_logs_in_with_name_and_password(client: httpx.AsyncClient) -> None:
    user = await create_user(client)
    assert (await token_of(client, user["email"], PASSWORD)).count(".") == 2
    with pytest.raises(httpx.HTTPStatusError):
        await token_of(client, user["email"], "another one")


def test_an_unreachable_shop_ends_the_example_with_2(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    settings = sqlite_settings(tmp_path)
    done = run(settings, tmp_path, PROGRAM, "--orders", "1", "--url", url, by_python=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
