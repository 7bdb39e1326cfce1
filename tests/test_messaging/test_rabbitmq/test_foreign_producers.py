"""Unusual properties of messages of a foreign producer do not prevent orders."""

import json
from uuid import UUID

from tests.support.factories import create_product, create_user
from tests.support.ledger import assert_conserved, stock_of
from tests.test_messaging.deliveries import applied_in, codes_of, order
from tests.test_messaging.test_rabbitmq.foreign import producer, short
from tests.test_messaging.test_rabbitmq.odd_properties import ODD
from tests.test_messaging.workers import Stand, until


async def test_orders_with_unusual_properties_are_placed_and_so_are_later_ones(
    stand: Stand,
) -> None:
    user = await create_user(stand.client)
    product = await create_product(stand.client, stock_quantity=2 * len(ODD))
    assert len(ODD) > 40
    with stand.worker() as worker:
        await stand.wait_for_workers()
        with producer(stand.settings) as foreign:
            for number, properties in enumerate(ODD.values()):
                # No two bodies are the same: without an id, that would be ambiguous when a message
                # is delivered again.
                odd = order(user, product, id=str(UUID(int=number + 1)))
                foreign.publish("order", body_of(odd), **properties)
                good = {"message_id": short(b"good %d" % number)}
                foreign.publish("order", body_of(order(user, product)), **good)
        await until(lambda: stock_of(stand.client, product["id"]), 0)
        assert worker.poll() is None
    assert await codes_of(stand.shop) == []
    assert len(await applied_in(stand.shop)) == 2 * len(ODD)
    assert "reader exited" not in stand.log and "Traceback" not in stand.log
    await assert_conserved(stand.client, [product["id"]])


def body_of(document: object) -> bytes:
    """Return a document as JSON."""
    return json.dumps(document).encode()
