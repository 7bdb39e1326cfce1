"""The handlers of errands by kind; each area has a module for its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from app.jobs.errands import demo_pictures, images, invoices, orders, payments
from app.services.orders.payments.unknown_payments import RECONCILE
from app.wiring.resources import Shop

Handler = Callable[[Shop, UUID], Awaitable[None]]
"""Does the errand of a subject; it may be called again for what it has done already."""

HANDLERS: Mapping[str, Handler] = {
    **images.HANDLERS,
    **demo_pictures.HANDLERS,
    **orders.HANDLERS,
    **payments.HANDLERS,
    **invoices.HANDLERS,
}


class Limits(NamedTuple):
    """How many errands of a kind a process does at one time, and how long one may take."""

    at_once: int = 1
    seconds: float = 90.0


# They mostly wait for an answer. A process that is killed keeps one from others for as long.
_OF_PROVIDERS = Limits(at_once=8, seconds=30.0)
LIMITS: Mapping[str, Limits] = {
    **dict.fromkeys([*orders.HANDLERS, *payments.HANDLERS], _OF_PROVIDERS),
    # They wait for the database, and only their last step for each other.
    **dict.fromkeys(invoices.HANDLERS, Limits(at_once=8, seconds=30.0)),
    # As many payments as a provider has begun in two days.
    RECONCILE: Limits(seconds=3_600.0),
}
"""The limits of kinds that have others than most."""
