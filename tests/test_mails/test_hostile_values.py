"""Values of customers and staff change nothing in a mail except their own place."""

import re
import unicodedata
from typing import Any

import pytest
from msgspec.structs import replace

from app.mails.order_mail import (
    MailInvoice,
    MailLine,
    MailOccasion,
    MailRefund,
    MailSender,
    OrderMailKind,
)
from app.mails.rendering import OrderMails
from tests.test_mails.samples import KINDS, MAILS, SENDER, order_with

SCRIPT = "<script>alert('x')</script>"
HOSTILE = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>Refund</h1>",
    "{{ 7 * 7 }} {% include 'en.toml' %}",
    "{number.__class__} {0} {",
    "Cup\r\nBcc: eve@example.com",
    "Cup\n\n1 × Gold: 0.00 EUR",
    "Cup\u2028line\u2029paragraph\x85next\x0bvertical",
    "Cup\u202eRUE 00.1",
    "\u2066\u2067\u2068Cup\u200f\u061c",
    "Cup\x00\x07\x1b[31m",
    "Cup\ud800",
    "&amp;<!--",
]
FIELDS = ["reason", "invoice", "name", "options", "delivery_address", "billing_address", "number"]


def _changes(field: str, value: str) -> dict[str, Any]:
    line = MailLine("Cup", "Blue", 1, 500)
    if field == "name":
        return {"lines": (replace(line, name=value),)}
    if field == "options":
        return {"lines": (replace(line, options=value),)}
    if field == "reason":
        return {"occasion": MailOccasion(refund=MailRefund(500, value))}
    if field == "invoice":
        return {"occasion": MailOccasion(invoice=MailInvoice("1", 500, value))}
    return {field: (value,) if field.endswith("address") else value}


def _tags(document: str) -> list[str]:
    return re.findall(r"<[^>]*>", document)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_adds_no_line_and_no_markup(field: str, value: str) -> None:
    kinds = {"reason": OrderMailKind.REFUNDED, "invoice": OrderMailKind.CREDIT_NOTE}
    kind = kinds.get(field, OrderMailKind.CONFIRMED)
    harmless = MAILS.render(kind, order_with(**_changes(field, "Harmless")))
    mail = MAILS.render(kind, order_with(**_changes(field, value)))
    assert _tags(mail.html) == _tags(harmless.html)
    assert mail.text.count("\n") == harmless.text.count("\n")
    for content in (mail.subject, mail.text, mail.html):
        content.encode()
        bad = {each for each in content if unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs")}
        assert bad <= {"\n"}
        assert not set("\u202e\u2066\u2067\u200f\u061c") & set(content)


def test_markup_and_placeholders_in_a_name_are_shown_literally() -> None:
    name = f"{SCRIPT} & {{{{ 7 * 7 }}}} {{number}}"
    mail = MAILS.render(OrderMailKind.CONFIRMED, order_with(**_changes("name", name)))
    assert f"1 × {name} (Blue): 5.00" in mail.text
    assert (
        "1 × <bdi>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; {{ 7 * 7 }} {number}</bdi>"
        in mail.html
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_subject_is_one_line_of_bounded_length(kind: OrderMailKind) -> None:
    shop = "Corner\r\nBcc: eve@example.com\r\n\r\n" + "shop " * 60
    mails = OrderMails(MailSender(shop, None, "UTC"))
    subject = mails.render(kind, order_with(number="10\n42")).subject
    assert subject.startswith("Your order 10 42 at Corner Bcc: eve@example.com shop")
    assert len(subject) <= 200
    assert subject.isprintable()


def test_a_right_to_left_name_does_not_reverse_the_amount_after_it() -> None:
    name = "כוס כחולה"
    mail = MAILS.render(OrderMailKind.CONFIRMED, order_with(**_changes("name", name)))
    assert f"1 × \u2068{name}\u2069 (Blue): 5.00" in mail.text
    assert f"1 × <bdi>{name}</bdi>" in mail.html


def test_instructions_of_several_lines_keep_their_lines() -> None:
    order = order_with(payment_instructions=f"Account: 1\r\nReference: 2\n{SCRIPT}\n")
    mail = MAILS.render(OrderMailKind.CONFIRMED, order)
    assert f"\nAccount: 1\nReference: 2\n{SCRIPT}\n\n" in mail.text
    assert "<bdi>Account: 1</bdi><br><bdi>Reference: 2</bdi><br><bdi>&lt;script&gt;" in mail.html


def test_the_address_of_the_shop_is_escaped() -> None:
    mails = OrderMails(MailSender("A & B", "<b>1 Long Lane</b>", SENDER.zone))
    document = mails.render(OrderMailKind.CONFIRMED, order_with()).html
    assert "<bdi>A &amp; B</bdi><br><bdi>&lt;b&gt;1 Long Lane&lt;/b&gt;</bdi>" in document
