"""The handlers of errands by kind; each area has a module for its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from app.jobs.errands import demo_pictures, images, invoices, orders, payments
from app.services.orders.payments.unknown_payments import RECONCILE
from app.wiring.resources import Shop

Handler = Callable[[Shop, UUID], Awaitable[None]]
"""Does the errand of a subject; it may be called again for an errand that is done already."""

HANDLERS: Mapping[str, Handler] = {
    **images.HANDLERS,
    **demo_pictures.HANDLERS,
    **orders.HANDLERS,
    **payments.HANDLERS,
    **invoices.HANDLERS,
}


class Limits(NamedTuple):
    """How many errands of a kind a process does at one time, and how long each may take."""

    at_once: int = 1
    seconds: float = 90.0


# These errands mostly wait for an answer. If a process is killed, its errands stay leased for as
# long.
_OF_PROVIDERS = Limits(at_once=8, seconds=30.0)
LIMITS: Mapping[str, Limits] = {
    **dict.fromkeys([*orders.HANDLERS, *payments.HANDLERS], _OF_PROVIDERS),
    # Invoices wait for the database, and only in their last step for each other.
    **dict.fromkeys(invoices.HANDLERS, Limits(at_once=8, seconds=30.0)),
    # The time is enough for all payments that a provider has begun in two days.
    RECONCILE: Limits(seconds=3_600.0),
}
"""The limits of the kinds for which the default does not apply."""
