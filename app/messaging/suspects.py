"""Messages that may crash the process that handles them: they run alone, with a durable mark."""

from app.messaging.delivery import Delivery
from app.wiring.areas.messaging import provide_dead_letters, provide_inbox
from app.wiring.resources import Shop

_MAX_STARTS = 3


class Suspects:
    """Records when a suspect is started, and parks it when it was started too often."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._started: set[tuple[str, str]] = set()

    async def start(self, delivery: Delivery) -> bool:
        """Record the start of a suspect; return False if it is parked instead."""
        key = _key_of(delivery)
        # A start that this process has survived, as during an outage, was not a crash.
        if (delivery.queue, key) in self._started:
            return True
        async with self._shop.database.write() as session:
            inbox = provide_inbox(session, self._shop)
            starts = await inbox.record_start(delivery.queue, key)
            if starts > _MAX_STARTS:
                letters = provide_dead_letters(session, self._shop)
                reason = f"the process that started it died {starts - 1} times"
                await letters.park(
                    delivery.queue, delivery.stored_id, delivery.body, "deadly", reason, starts
                )
                await inbox.clear_start(delivery.queue, key)
                return False
        self._started.add((delivery.queue, key))
        return True

    async def finish(self, delivery: Delivery) -> None:
        """Delete the mark of a suspect that did not crash the process."""
        key = _key_of(delivery)
        async with self._shop.database.write() as session:
            await provide_inbox(session, self._shop).clear_start(delivery.queue, key)
        self._started.discard((delivery.queue, key))


def _key_of(delivery: Delivery) -> str:
    return delivery.message_id or delivery.digest.hex()
