"""The mails about an order, built from its document."""

from collections.abc import Iterable
from typing import Protocol

from msgspec.structs import replace

from app.core.addresses.rules import lines_of
from app.mails.order_mail import MailLine, MailOccasion, MailSums, MailTax, OrderMail
from app.models import Order
from app.schemas.orders.order_schema import DeliveryAddress, OrderRead


class Goods(Protocol):
    """Some units of a line."""

    name: str
    quantity: int


def mail_about(order: OrderRead, payment_instructions: str | None) -> OrderMail:
    """Return the content of a mail about an order of a cart."""
    lines = tuple(
        MailLine(each.name, "", each.quantity, each.unit_price_minor * each.quantity)
        for each in order.items
    )
    sums = MailSums(
        currency=order.currency,
        subtotal_minor=sum(each.amount_minor for each in lines),
        discount_minor=order.discount_minor,
        shipping_minor=None if order.shipping_method is None else order.shipping_minor,
        taxes=tuple(MailTax(each.rate_ppm, each.tax_minor) for each in order.taxes),
        prices_include_tax=order.prices_include_tax,
        total_minor=order.total_minor,
    )
    return OrderMail(
        number=str(order.number),
        email=order.email or "",
        locale=order.locale or "",
        lines=lines,
        sums=sums,
        delivery_address=_lines(order.delivery_address),
        delivery_country=_country(order.delivery_address),
        billing_address=_lines(order.billing_address),
        billing_country=_country(order.billing_address),
        pay_by=order.pay_by,
        payment_instructions=payment_instructions,
    )


def mail_about_goods(
    order: Order, goods: Iterable[Goods], occasion: MailOccasion, link: str | None = None
) -> OrderMail:
    """Return the content of a mail about some units of an order, without amounts."""
    lines = tuple(MailLine(each.name, "", each.quantity, 0) for each in goods)
    return replace(
        mail_about(OrderRead.model_validate(order), None), lines=lines, occasion=occasion, link=link
    )


def mail_about_money(order: Order, occasion: MailOccasion) -> OrderMail:
    """Return the content of a mail about money of an order, whose lines need not be loaded."""
    return OrderMail(
        number=str(order.number),
        email=order.email or "",
        locale=order.locale or "",
        lines=(),
        sums=MailSums(currency=order.currency, subtotal_minor=0, total_minor=0),
        occasion=occasion,
    )


def _lines(address: DeliveryAddress | None) -> tuple[str, ...]:
    # The last line is the country in English.
    return () if address is None else tuple(lines_of(address.model_dump())[:-1])


def _country(address: DeliveryAddress | None) -> str:
    return "" if address is None else address.country
