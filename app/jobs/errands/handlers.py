"""The handlers of errands by kind; each area has a module for its own."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from app.jobs.errands import demo_pictures, images, invoices, orders, payments
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
