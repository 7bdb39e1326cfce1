"""Orders and mails with which templates are tested and previewed."""

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from app.mails.guest_data_mail import GuestDataMail
from app.mails.order_mail import (
    MailInvoice,
    MailLine,
    MailOccasion,
    MailRefund,
    MailSums,
    MailTax,
    OrderMail,
    OrderMailKind,
    RefundReason,
)
from app.mails.rendering import OrderMails

_LINES = (
    MailLine("Kettle", "Steel, 1.7 l", 2, 99_80),
    MailLine(
        "Hand-woven linen tablecloth with embroidered border, washed and ironed before dispatch",
        "Forest green, 160 × 260 cm, with twelve matching napkins",
        1,
        1_249_00,
    ),
    MailLine("Donaudampfschifffahrtsgesellschaftskapitänsmützenhalter", "", 12, 59_88),
    MailLine("Assam tea", "250 g", 3, 23_97),
)


def sample_order(locale: str = "en") -> OrderMail:
    """Return an order that has everything that a mail can show."""
    recipient = ("Ada Lovelace", "Analytical Engines Ltd")
    return OrderMail(
        number="1042",
        email="ada@example.com",
        locale=locale,
        lines=_LINES,
        sums=MailSums(
            currency="EUR",
            subtotal_minor=1_432_65,
            discount_minor=143_27,
            shipping_minor=5_90,
            taxes=(MailTax(70_000, 1_41), MailTax(190_000, 203_37)),
            total_minor=1_295_28,
        ),
        delivery_address=(*recipient, "12 St James’s Square", "10115 Berlin"),
        delivery_country="DE",
        billing_address=("Ada Lovelace", "1 Long Lane", "London SW1Y 4JH"),
        billing_country="GB",
        pay_by=datetime(2026, 11, 30, 17, 30, tzinfo=UTC),
        payment_instructions="Account: DE02 1203 0000 0000 2020 51\nReference: 1042",
        link="https://www.example.com/orders/1042",
        occasion=MailOccasion(
            tracking="DHL 00340434161094042557",
            answer="Please put the number of your order into the parcel.\nWe pay for the label.",
            refund=MailRefund(59_88, RefundReason.PART_CANCELLED),
            invoice=MailInvoice("2026-000232", 59_88, "2026-000231"),
        ),
    )


def sample_guest_data(locale: str = "en") -> GuestDataMail:
    """Return a mail with a link by which a guest proves an e-mail address."""
    token = "0CxvIRDMsEBUXyOjGK9jHoBt1UpZDpOXN2aJj7mbWcQ"  # nosec B105  # an example
    return GuestDataMail(locale, token, f"https://www.example.com/guest-data#token={token}")


def require_usable(mails: OrderMails) -> None:
    """Require that every mail can be rendered, in every language.

    Raises:
        UnusableTemplate: a file of the folder of templates is wrong.
    """
    for order in _samples(tuple(mails.languages)):
        for kind in OrderMailKind:
            mails.render_strictly(kind, order)
    for locale in mails.languages:
        full = sample_guest_data(locale)
        for mail in (full, replace(full, link=None)):
            mails.render_guest_data_strictly(mail)


def _samples(locales: tuple[str, ...]) -> Iterator[OrderMail]:
    for locale in locales:
        full = sample_order(locale)
        yield full
        net = replace(full.sums, prices_include_tax=False)
        yield replace(
            full,
            sums=net,
            link=None,
            payment_instructions=None,
            occasion=replace(full.occasion, tracking=None, answer=None),
        )
        yield OrderMail(
            number="1",
            email=full.email,
            locale=locale,
            lines=full.lines[-1:],
            sums=MailSums(currency="EUR", subtotal_minor=23_97, total_minor=23_97),
        )
