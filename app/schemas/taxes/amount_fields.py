"""The amounts of carts and orders besides their prices; zero amounts are left out."""

from typing import Any

from app.schemas.base import omitted

LINE_DISCOUNT: Any = omitted(
    0, alias="discount", description="The discounts of promotions on the line.", examples=["1.00"]
)
LINE_TAX: Any = omitted(0, alias="tax", description="The tax of the line.", examples=["1.59"])
LINE_TAX_RATE: Any = omitted(
    alias="tax_rate", description="The rate of tax in percent.", examples=["19"]
)
DISCOUNT: Any = omitted(
    0, alias="discount", description="The discounts of promotions on the lines.", examples=["1.00"]
)
SHIPPING: Any = omitted(
    0, alias="shipping", description="The price of shipping, with its tax.", examples=["4.90"]
)
SHIPPING_TAX: Any = omitted(
    0, alias="shipping_tax", description="The tax in `shipping`.", examples=["0.78"]
)
TAX: Any = omitted(
    0,
    alias="tax",
    description="The tax of the lines and of shipping, which the total includes.",
    examples=["1.59"],
)
PRICES_INCLUDE_TAX: Any = omitted(
    True, description="False if prices are without tax, which is added.", examples=[False]
)
