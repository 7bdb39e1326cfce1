"""An accepted request for many products is applied once, even if processes end meanwhile."""

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from app.controllers.messaging import CONTROLLERS as MESSAGING
from app.wiring.resources import Shop
from tests.conftest import client_of, running, sqlite_settings
from tests.support.applications import WITH_ORDERS, with_routes_of
from tests.support.ledger import every, movements_of
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import serving

ROWS = [
    {
        "sku": f"thing-{number}",
        "name": f"Thing {number}",
        "category": "Things",
        "price": "4.99",
        "stock_quantity": 5,
    }
    for number in range(500)
]


@pytest.mark.any_database
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
async def test_after_a_kill_the_next_process_applies_all_rows(
    tmp_path: Path, seconds: float
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    with serving(settings, tmp_path) as served:
        await let_machine_into(settings)
        api = f"{served.url}/api/v1"
        async with httpx.AsyncClient(base_url=api, headers=AUTHORIZATION) as own:
            answer = await own.post("/products/bulk", json={"rows": ROWS}, timeout=60)
            await asyncio.sleep(seconds)
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
    assert answer.status_code == 202
    place = f"/operations/{answer.json()['id']}"
    async with running(
        with_routes_of(Shop(settings), WITH_ORDERS, MESSAGING), is_dispatching=True
    ) as app:
        async with client_of(app) as client:
            while (ended := (await client.get(place)).json())["state"] != "succeeded":
                await asyncio.sleep(0.05)
            assert {each["status"] for each in ended["result"]["rows"]} == {"created"}
            products = await every(client, "/products")
            assert len(products) == 500
            assert await movements_of(client, products[0]["id"]) == [("supply", 5)]
