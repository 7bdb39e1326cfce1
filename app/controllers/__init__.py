"""The JSON routes of all areas; every area lists its controllers and their tags."""

from app.controllers import (
    carts,
    catalogue,
    data,
    identity,
    invoices,
    messaging,
    orders,
    payments,
    prices,
    promotions,
    reports,
    shipping,
    system,
    taxes,
)

CONTROLLERS = (
    *identity.CONTROLLERS,
    *catalogue.CONTROLLERS,
    *prices.CONTROLLERS,
    *taxes.CONTROLLERS,
    *shipping.CONTROLLERS,
    *promotions.CONTROLLERS,
    *carts.CONTROLLERS,
    *orders.CONTROLLERS,
    *payments.CONTROLLERS,
    *invoices.CONTROLLERS,
    *reports.CONTROLLERS,
    *data.CONTROLLERS,
    *messaging.CONTROLLERS,
    *system.CONTROLLERS,
)
ROOT_CONTROLLERS = (
    *system.ROOT_CONTROLLERS,
    *catalogue.ROOT_CONTROLLERS,
    *payments.ROOT_CONTROLLERS,
)
"""Controllers that are not part of the API."""
# The order is that of the documentation page, which follows the first use of each tag.
TAGS = (
    *catalogue.TAGS,
    *prices.TAGS,
    *taxes.TAGS,
    *shipping.TAGS,
    *promotions.TAGS,
    *carts.TAGS,
    *orders.TAGS,
    *payments.TAGS,
    *invoices.TAGS,
    *identity.TAGS,
    *data.TAGS,
    *reports.TAGS,
    *identity.API_KEY_TAGS,
    *messaging.TAGS,
    *system.TAGS,
)
