"""The content of a mail about an order, without its texts."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class OrderMailKind(StrEnum):
    """The occasions of mails about an order."""

    CONFIRMED = "order_confirmed"
    CANCELLED = "order_cancelled"
    EXPIRED = "order_expired"
    SHIPPED = "order_shipped"
    RETURN_APPROVED = "return_approved"
    RETURN_REJECTED = "return_rejected"
    REFUNDED = "order_refunded"
    INVOICE = "invoice_issued"
    CREDIT_NOTE = "credit_note_issued"


class RefundReason(StrEnum):
    """Why the shop returns money by itself, in the stored form; mails translate it."""

    LATE = "The order was cancelled before the money came in."
    CANCELLED = "The order was cancelled."
    DUPLICATE = "The order was paid already."
    PART_CANCELLED = "A part of the order was cancelled."
    ELSEWHERE = "Returned at the provider."


class MailSender(Struct, frozen=True):
    """The shop, as mails show it."""

    name: str
    address: str | None
    """The postal address, in one line."""
    zone: str
    """The time zone of the moments in mails, by its name in the IANA database."""


class MailLine(Struct, frozen=True):
    """A line of an order."""

    name: str
    options: str
    """The values of the options, such as `Blue, XL`; empty without options."""
    quantity: int
    amount_minor: int


class MailTax(Struct, frozen=True):
    """The tax of an order at one rate."""

    rate_ppm: int
    amount_minor: int


class MailSums(Struct, frozen=True, kw_only=True):
    """The amounts of an order, all in one currency."""

    currency: str
    subtotal_minor: int
    discount_minor: int = 0
    """The discount, as an amount that is not negative."""
    shipping_minor: int | None = None
    """None if nothing is shipped."""
    taxes: tuple[MailTax, ...] = ()
    prices_include_tax: bool = True
    total_minor: int


class MailRefund(Struct, frozen=True):
    """Money that was returned."""

    amount_minor: int
    reason: str
    """The text of staff, or one of `RefundReason`."""


class MailInvoice(Struct, frozen=True):
    """An invoice, or a credit note."""

    number: str
    total_minor: int
    corrects: str | None = None
    """The number of the invoice that a credit note corrects."""


class MailOccasion(Struct, frozen=True, kw_only=True):
    """The event that a mail about an order shows."""

    tracking: str | None = None
    """The carrier of a shipment and the tracking number."""
    answer: str | None = None
    """The note of the shop about a return."""
    refund: MailRefund | None = None
    invoice: MailInvoice | None = None


class OrderMail(Struct, frozen=True, kw_only=True):
    """An order, as a mail to its customer shows it.

    Raises:
        ValueError: the link is not a web address.
    """

    number: str
    email: str
    locale: str
    """The language of the customer, such as `de` or `de-AT`; English if the shop has no texts."""
    lines: tuple[MailLine, ...]
    sums: MailSums
    delivery_address: tuple[str, ...] = ()
    """The lines without the country, as in the other address."""
    delivery_country: str = ""
    """The code of ISO 3166-1; the last line of the address is its name in the mail's language."""
    billing_address: tuple[str, ...] = ()
    billing_country: str = ""
    pay_by: datetime | None = None
    payment_instructions: str | None = None
    link: str | None = None
    occasion: MailOccasion = MailOccasion()

    def __post_init__(self) -> None:
        require_web_link(self.link)


def require_web_link(link: str | None) -> None:
    """Require that a link of a mail is a web address.

    Raises:
        ValueError: the link is not a web address.
    """
    if link is not None and not link.startswith(("https://", "http://")):
        raise ValueError("a link of a mail must begin with https:// or http://")


class Mail(Struct, frozen=True):
    """A mail without its address."""

    subject: str
    text: str
    html: str
