"""What a mail about an order tells, without any text of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """Why the shop returns money by itself, as it is stored; a mail says it in its language."""

    LATE = "The order was cancelled before the money came in."
    CANCELLED = "The order was cancelled."
    DUPLICATE = "The order was paid already."
    PART_CANCELLED = "A part of the order was cancelled."
    ELSEWHERE = "Returned at the provider."


@dataclass(frozen=True, slots=True)
class MailSender:
    """The shop as its mails show it."""

    name: str
    address: str | None
    """The postal address, in one line."""
    zone: str
    """The time zone of the moments in mails, by its name in the IANA database."""


@dataclass(frozen=True, slots=True)
class MailLine:
    """A line of an order."""

    name: str
    options: str
    """The values of the options, such as `Blue, XL`; empty without options."""
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class MailTax:
    """The tax of an order at one rate."""

    rate_ppm: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSums:
    """The amounts of an order, all in one currency."""

    currency: str
    subtotal_minor: int
    discount_minor: int = 0
    """What is deducted, as an amount that is not negative."""
    shipping_minor: int | None = None
    """None if nothing is shipped."""
    taxes: tuple[MailTax, ...] = ()
    prices_include_tax: bool = True
    total_minor: int


@dataclass(frozen=True, slots=True)
class MailRefund:
    """Money that was returned."""

    amount_minor: int
    reason: str
    """What staff wrote, or one of `RefundReason`."""


@dataclass(frozen=True, slots=True)
class MailInvoice:
    """An invoice, or a credit note."""

    number: str
    total_minor: int
    corrects: str | None = None
    """The number of the invoice that a credit note corrects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOccasion:
    """What has happened to an order, as far as its mail shows it."""

    tracking: str | None = None
    """The carrier of a shipment and its number there."""
    answer: str | None = None
    """What the shop says about a return."""
    refund: MailRefund | None = None
    invoice: MailInvoice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMail:
    """An order as a mail to its customer shows it.

    Raises:
        ValueError: the link is not an address of the web.
    """

    number: str
    email: str
    locale: str
    """The language of the customer, such as `de` or `de-AT`; English if the shop has no texts."""
    lines: tuple[MailLine, ...]
    sums: MailSums
    delivery_address: tuple[str, ...] = ()
    """Its lines without the country, as those of the other address."""
    delivery_country: str = ""
    """The code of ISO 3166-1; its name in the language of the mail is the last line."""
    billing_address: tuple[str, ...] = ()
    billing_country: str = ""
    pay_by: datetime | None = None
    payment_instructions: str | None = None
    link: str | None = None
    occasion: MailOccasion = MailOccasion()

    def __post_init__(self) -> None:
        require_web_link(self.link)


def require_web_link(link: str | None) -> None:
    """Require that a link of a mail is one of the web.

    Raises:
        ValueError: it is not.
    """
    if link is not None and not link.startswith(("https://", "http://")):
        raise ValueError("a link of a mail must begin with https:// or http://")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail without its address."""

    subject: str
    text: str
    html: str
