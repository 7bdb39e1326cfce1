"""A request for many products is sent through the broker, and its operation has the result."""

from tests.test_messaging.workers import Stand, until

THINGS = [
    {"sku": f"thing-{number}", "name": "Thing", "category": "Things", "price": "4.99"}
    for number in range(2)
]


async def test_a_worker_applies_bulk_requests_from_the_broker(worked_stand: Stand) -> None:
    client = worked_stand.client
    answer = await client.post("/products/bulk", json={"rows": [*THINGS, {"sku": "new"}]})
    assert answer.status_code == 202
    place = f"/operations/{answer.json()['id']}"

    async def state() -> str:
        return str((await client.get(place)).json()["state"])

    await until(state, "succeeded")
    rows = (await client.get(place)).json()["result"]["rows"]
    assert [each["status"] for each in rows] == ["created", "created", "refused"]
