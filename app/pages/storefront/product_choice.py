"""The variant of a product that a page shows, and the links to the others."""

from typing import Any

from msgspec import Struct

_SCHEMA = "https://schema.org"
_WORDS = {
    "in_stock": "InStock",
    "low": "LimitedAvailability",
    "backorder": "BackOrder",
    "out_of_stock": "OutOfStock",
}


class OptionChoice(Struct, frozen=True):
    """A value of an option, and the variant to which it leads."""

    value: str
    variant_id: str
    is_chosen: bool
    is_sold_out: bool


def chosen_of(product: dict[str, Any], variant_id: str | None, low_stock_at: int) -> dict[str, Any]:
    """Return the requested variant, or otherwise the first one that can be bought."""
    variants = variants_of(product, low_stock_at)
    for each in variants:
        if each["id"] == variant_id:
            return each
    buyable = [each for each in variants if each["availability"] != "out_of_stock"]
    return (buyable or variants)[0]


def variants_of(product: dict[str, Any], low_stock_at: int) -> list[dict[str, Any]]:
    """Return the variants for sale; a product without options is its own variant."""
    if "variants" not in product:
        availability = _availability_of(product, low_stock_at)
        return [{**product, "option_values": {}, "availability": availability}]
    return [each for each in product["variants"] if each["is_active"]] or product["variants"]


def _availability_of(product: dict[str, Any], low_stock_at: int) -> str:
    stock = product["stock_quantity"]
    if not product.get("tracks_stock", True) or stock > product.get("low_stock_at", low_stock_at):
        return "in_stock"
    if stock > 0:
        return "low"
    return "backorder" if product.get("allows_backorder") else "out_of_stock"


def choices_of(
    product: dict[str, Any], chosen: dict[str, Any], low_stock_at: int
) -> dict[str, list[OptionChoice]]:
    """Return the values of each option, each with the variant most similar to the chosen one."""
    variants, its = variants_of(product, low_stock_at), chosen["option_values"]
    choices: dict[str, list[OptionChoice]] = {}
    for option in product.get("options", ()):
        name = option["name"]
        for value in option["values"]:
            having = [each for each in variants if each["option_values"].get(name) == value]
            if not having:
                continue
            nearest = max(having, key=lambda each: _likeness(each["option_values"], its))
            choices.setdefault(name, []).append(
                OptionChoice(
                    value,
                    nearest["id"],
                    its.get(name) == value,
                    nearest["availability"] == "out_of_stock",
                )
            )
    return choices


def _likeness(values: dict[str, str], others: dict[str, str]) -> int:
    return sum(others.get(name) == value for name, value in values.items())


def product_data(
    product: dict[str, Any], chosen: dict[str, Any], crumbs: list[dict[str, Any]], base: str
) -> list[dict[str, Any]]:
    """Return the structured data of a product for search engines (https://schema.org)."""
    address = f"{base}/p/{product['id']}"
    its: dict[str, Any] = {
        "@context": _SCHEMA,
        "@type": "Product",
        "name": product["name"],
        "sku": chosen["sku"],
        "url": address,
        "offers": {
            "@type": "Offer",
            "url": address,
            "price": chosen["price"],
            "priceCurrency": product["currency"],
            "availability": f"{_SCHEMA}/{_WORDS[chosen['availability']]}",
        },
    }
    if product["description"]:
        its["description"] = product["description"]
    if product.get("image"):
        its["image"] = base + product["image"]["renditions"][-1]["url"]
    trail = [(each["name"], f"{base}/c/{each['path']}") for each in crumbs]
    return [
        its,
        {
            "@context": _SCHEMA,
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": position, "name": name, "item": item}
                for position, (name, item) in enumerate([*trail, (product["name"], address)], 1)
            ],
        },
    ]
