"""Sample mails for tests."""

import html
import re
from typing import Any

from msgspec.structs import replace

from app.mails.order_mail import MailSender, OrderMail, OrderMailKind
from app.mails.rendering import OrderMails
from app.mails.sample import sample_order

SENDER = MailSender("Lavka", "Lavka GmbH, Hauptstraße 1, 10115 Berlin", "Europe/Berlin")
MAILS = OrderMails(SENDER)
KINDS = list(OrderMailKind)
LOCALES = ["de", "en", "ru"]


def order_with(**changes: Any) -> OrderMail:
    """Return the sample order with other values."""
    return replace(sample_order(), **changes)


def shown(document: str) -> list[str]:
    """Return the texts of the elements of an HTML document, without its head."""
    body = document[document.index("<body") :]
    texts = (html.unescape(each).strip() for each in re.split(r"<[^>]*>", body))
    return [each for each in texts if each]
