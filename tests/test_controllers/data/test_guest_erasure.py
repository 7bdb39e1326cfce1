"""The erasure of a guest: no data is left after the orders are finished."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.models import Base, Redemption
from app.wiring.resources import Shop
from tests.support.accounts import later, mails_of, someone
from tests.support.tables import everything
from tests.test_controllers.checkout.setting import expire
from tests.test_controllers.data.guests import (
    CLEARED,
    EMAIL,
    HOME,
    SPELLED,
    TABLES,
    TRACES,
    ask,
    bought,
    erased,
    exported,
    finished_commands,
    marked,
    order_now,
    ordered_by_user,
    refusals_of,
    rows_of,
    sent,
    token_of,
    traces_in,
)


async def test_no_data_of_an_erased_guest_is_left_after_the_orders_are_finished(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    orders = await marked(machine, home, still)
    tokens = [await token_of(home, still, each) for each in (SPELLED, EMAIL)]
    assert (await ask(home)).status_code == 202
    before = await traces_in(still)
    assert set(before) == TABLES
    assert {trace for traces in before.values() for trace in traces} == set(TRACES) - {HOME}
    outcome = await erased(home, tokens[0])
    assert [each["what"] for each in outcome.pop("kept")] == ["orders", "unfinished_orders"]
    assert outcome == {
        "deleted_carts": 2,
        "deleted_mails": 1,
        "cleared_orders": 2,
        "waiting_orders": 1,
    }
    # The unfinished order needs its address, and the guest needs the cart.
    pending = orders["pending"]
    assert set(await traces_in(still)) == {"orders", "carts", "redemptions"}
    assert [row[0] for row in await rows_of(still, "carts")] == [UUID(pending.cart.cart_id)]
    shown = await pending.cart.send("GET", "/order")
    assert (shown.status_code, shown.json()["email"]) == (200, EMAIL)
    for each in tokens:
        assert await refusals_of(home, each) == [(401, "invalid-token")] * 2
    assert (await pending.cart.send("POST", "/order/cancel")).status_code == 200
    # The customer gets a mail; when it is sent, the address is deleted with it.
    assert [(mail.recipient, "storniert" in mail.subject) for mail in await mails_of(still)] == [
        (EMAIL, True)
    ]
    await sent(still)
    assert await traces_in(still) == {}
    assert await rows_of(still, "carts") == []
    async with still.database.read() as session:
        assert set(await session.scalars(select(Redemption.customer_key))) == {"anonymised"}


@pytest.mark.parametrize(
    ("status", "steps"),
    [("pending", ["cancelled"]), ("shipped", ["delivered"])],
)
async def test_an_order_is_cleared_when_it_is_finished_after_the_erasure(
    machine: httpx.AsyncClient,
    home: httpx.AsyncClient,
    still: Shop,
    status: str,
    steps: list[str],
) -> None:
    order = (await bought(machine, home, status)).order
    await finished_commands(still)
    before = (await machine.get(f"/orders/{order['id']}")).json()
    outcome = await erased(home, await token_of(home, still))
    assert (outcome["cleared_orders"], outcome["waiting_orders"]) == (0, 1)
    assert (await machine.get(f"/orders/{order['id']}")).json() == before
    for step in steps:
        moved = await machine.patch(f"/orders/{order['id']}", json={"status": step})
        assert moved.status_code == 200, moved.text
    shown = (await machine.get(f"/orders/{order['id']}")).json()
    assert shown == moved.json()
    assert (shown["email"], "note" in shown, shown["total"]) == ("anonymised", False, "9.98")
    assert shown["delivery_address"] == shown["billing_address"] == CLEARED
    row = await order_now(still, order)
    assert (row.user_id, row.email_key) == (None, None)
    await sent(still)
    # The result of a command from before the end has the address until it is deleted.
    assert set(await traces_in(still)) <= {"operations"}


async def test_an_order_that_is_not_paid_in_time_is_cleared_with_the_end_of_its_hold(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    order = (await bought(machine, home, "pending")).order
    assert (await erased(home, await token_of(home, still)))["waiting_orders"] == 1
    with later(still, timedelta(hours=73)):
        await expire(still)
        row = await order_now(still, order)
        assert (row.status, row.email) == ("cancelled", "anonymised")
        await sent(still)
    assert await traces_in(still) == {}


async def test_data_of_other_persons_is_not_exported_or_erased(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    await ordered_by_user(machine, home)
    # Mail servers may distinguish these mailboxes, whose keys are the same.
    for other in ("other@example.com", "marked.mail@other.example", "strasse@example.com"):
        await bought(machine, home, "cancelled", other)
    order = (await bought(machine, home, "pending", "other@example.com")).order
    await machine.post(f"/orders/{order['id']}/cancel", headers={"Idempotency-Key": "other"})
    tokens = [await token_of(home, still, each) for each in (EMAIL, "straße@example.com")]
    before = await everything(still)
    for token in tokens:
        document = await exported(home, token)
        assert (document["carts"], document["orders"], document["mails"]) == ([], [], [])
        outcome = await erased(home, token)
        assert outcome.pop("kept") == [] and set(outcome.values()) == {0}
    after = await everything(still)
    for name in set(before) - {"audit_events", "guest_proofs"}:
        assert after[name] == before[name], name


async def test_an_order_of_a_guest_is_not_moved_to_an_account(
    machine: httpx.AsyncClient, home: httpx.AsyncClient, still: Shop
) -> None:
    ada = await someone(machine, email=EMAIL)
    order = (await bought(machine, home, "cancelled")).order
    token = await token_of(home, still)
    assert [each["id"] for each in (await exported(home, token))["orders"]] == [order["id"]]
    users = await home.get(f"/users/{ada.id}/export", headers=ada.headers)
    assert users.json()["orders"] == []
    assert (await erased(home, token))["cleared_orders"] == 1
    assert (await order_now(still, order)).user_id is None
    assert (await home.get("/orders", headers=ada.headers)).json()["items"] == []


def test_every_table_is_looked_through() -> None:
    assert {"carts", "guest_proofs", "outgoing_mails", "redemptions"} < set(Base.metadata.tables)
