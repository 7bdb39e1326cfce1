"""The variables of the templates of a mail, in the words and formats of one language."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.mails.formats import filled, lines_of, one_line
from app.mails.order_mail import MailSender, MailSums, OrderMail, OrderMailKind, RefundReason
from app.mails.texts import Language

# This is the length of the column.
_MAX_SUBJECT = 200
# The names of the lines in mails about goods, which show no amounts.
_CONTENTS = {
    OrderMailKind.SHIPPED: "parcel",
    OrderMailKind.RETURN_APPROVED: "returned",
    OrderMailKind.RETURN_REJECTED: "returned",
}
# The names of the number and the amount in mails about documents.
_NUMBERED = {
    OrderMailKind.INVOICE: ("invoice_number", "total"),
    OrderMailKind.CREDIT_NOTE: ("credit_note_number", "credited"),
}


def view_of(
    kind: OrderMailKind, order: OrderMail, sender: MailSender, language: Language
) -> dict[str, Any]:
    """Return the variables of the templates.

    Raises:
        LookupError: a text has a placeholder that does not exist.
        ValueError: a text has a brace that is not that of a placeholder.
    """
    total = language.formats.amount(order.sums.total_minor, order.sums.currency)
    words = dict(language.texts["words"])
    pay_by = words.pop("pay_by")
    if order.pay_by is not None:
        moment = language.formats.moment_in(order.pay_by, sender.zone)
        pay_by = filled(pay_by, total=total, pay_by=moment)
    return common_view_of(kind, sender, language, number=one_line(order.number)) | {
        "words": words,
        **_about_goods(kind, order, words),
        **_about_money(kind, order, language),
        "lines": list(_lines(order, language)),
        "sums": list(_sums(order.sums, language)),
        "total": total,
        "taxes": list(_included_taxes(order.sums, language)),
        "pay_by": "" if order.pay_by is None else pay_by,
        "payment_instructions": lines_of(order.payment_instructions or ""),
        "delivery_address": _address(order.delivery_address, order.delivery_country, language),
        "billing_address": _address(order.billing_address, order.billing_country, language),
        "link": order.link or "",
    }


def common_view_of(
    section: str, sender: MailSender, language: Language, **values: str
) -> dict[str, Any]:
    """Return the variables that all mails have; texts may contain the values and `{shop}`.

    Raises:
        LookupError: a text has a placeholder that does not exist.
        ValueError: a text has a brace that is not that of a placeholder.
    """
    shop = one_line(sender.name)
    texts = language.texts[section]
    own = {name: filled(texts[name], shop=shop, **values) for name in ("subject", "title", "text")}
    return {
        "kind": str(section),
        "language": language.code,
        "shop": shop,
        "shop_address": one_line(sender.address or ""),
        "subject": one_line(own["subject"])[:_MAX_SUBJECT],
        "title": one_line(own["title"]),
        "paragraphs": [one_line(each) for each in own["text"].strip().split("\n\n")],
    }


def _about_goods(kind: OrderMailKind, order: OrderMail, words: dict[str, str]) -> dict[str, Any]:
    """Return the variables that differ in mails that show goods without amounts."""
    is_shipped = kind is OrderMailKind.SHIPPED
    return {
        "contents": words[_CONTENTS.get(kind, "contents")],
        "shows_amounts": kind not in _CONTENTS and _shows_goods(kind),
        "link_label": words["track" if is_shipped else "link"],
        "tracking": one_line(order.occasion.tracking or "") if is_shipped else "",
        "answer": (
            () if is_shipped or kind not in _CONTENTS else lines_of(order.occasion.answer or "")
        ),
    }


def _about_money(kind: OrderMailKind, order: OrderMail, language: Language) -> dict[str, Any]:
    """Return the variables of mails about money instead of goods, the amount last."""
    words, facts = language.texts["words"], list[tuple[str, str]]()
    amount = "", 0
    if kind is OrderMailKind.REFUNDED and order.occasion.refund is not None:
        facts.append((words["reason"], _reason(order.occasion.refund.reason, words)))
        amount = words["refunded"], order.occasion.refund.amount_minor
    elif kind in _NUMBERED and order.occasion.invoice is not None:
        number, total = _NUMBERED[kind]
        facts.append((words[number], one_line(order.occasion.invoice.number)))
        if kind is OrderMailKind.CREDIT_NOTE:
            facts.append((words["corrects"], one_line(order.occasion.invoice.corrects or "")))
        amount = words[total], order.occasion.invoice.total_minor
    label, minor = amount
    return {
        "shows_goods": _shows_goods(kind),
        "facts": [(name, value) for name, value in facts if value],
        "amount_label": label,
        "amount": language.formats.amount(minor, order.sums.currency) if label else "",
    }


def _shows_goods(kind: OrderMailKind) -> bool:
    return kind is not OrderMailKind.REFUNDED and kind not in _NUMBERED


def _reason(reason: str, words: Mapping[str, str]) -> str:
    own = {each.value: words[f"because_{each.name.lower()}"] for each in RefundReason}
    return one_line(own.get(reason, reason))


def _lines(order: OrderMail, language: Language) -> Iterator[dict[str, Any]]:
    for line in order.lines:
        yield {
            "name": one_line(line.name),
            "options": one_line(line.options),
            "quantity": line.quantity,
            "amount": language.formats.amount(line.amount_minor, order.sums.currency),
        }


def _sums(sums: MailSums, language: Language) -> Iterator[tuple[str, str]]:
    """Yield the amounts from which the total follows, with their labels."""
    formats, words = language.formats, language.texts["words"]
    parts = [(words["subtotal"], sums.subtotal_minor)]
    if sums.discount_minor:
        parts.append((words["discount"], -sums.discount_minor))
    if sums.shipping_minor is not None:
        parts.append((words["shipping"], sums.shipping_minor))
    if not sums.prices_include_tax:
        for tax in sums.taxes:
            label = filled(words["added_tax"], rate=formats.rate(tax.rate_ppm))
            parts.append((label, tax.amount_minor))
    # A single amount would only repeat the total.
    for label, minor in parts if len(parts) > 1 else ():
        yield label, formats.amount(minor, sums.currency)


def _included_taxes(sums: MailSums, language: Language) -> Iterator[tuple[str, str]]:
    formats, words = language.formats, language.texts["words"]
    for tax in sums.taxes if sums.prices_include_tax else ():
        label = filled(words["included_tax"], rate=formats.rate(tax.rate_ppm))
        yield label, formats.amount(tax.amount_minor, sums.currency)


def _address(lines: tuple[str, ...], country: str, language: Language) -> list[str]:
    """Return the lines of an address; the country is in capitals, as carriers require."""
    name = language.texts["countries"].get(country, country).upper()
    return [line for line in map(one_line, (*lines, name)) if line]
