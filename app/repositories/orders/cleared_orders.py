"""The columns of an order after the personal data of its customer are cleared."""

from typing import Any

from app.core.countries import OPTIONAL_PARTS


def without_person(address: dict[str, Any]) -> dict[str, Any]:
    """Return the part of an address that the ledger needs: the country, for taxes."""
    kept = {"region": "", "country": address["country"]}
    return {name: "anonymised" for name in address if name not in OPTIONAL_PARTS} | kept


def without_customer(order: Any) -> dict[str, Any]:
    """Return the columns of an order that could identify a customer, cleared."""
    addresses = {name: getattr(order, name) for name in ("delivery_address", "billing_address")}
    cleared = {name: without_person(each) for name, each in addresses.items() if each is not None}
    if order.email is None:
        return cleared
    return cleared | {"email": "anonymised", "email_key": None, "note": None}
