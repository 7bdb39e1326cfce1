"""The mails about orders: their texts in each language, their amounts and their HTML."""

import re
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from msgspec.structs import fields, replace

from app.core.countries import COUNTRIES
from app.mails.formats import Formats
from app.mails.order_mail import MailLine, MailSums, MailTax, OrderMail, OrderMailKind
from app.mails.sample import require_usable, sample_order
from app.mails.texts import read_languages
from tests.test_mails.samples import KINDS, LOCALES, MAILS, order_with, shown

EXPECTED = Path(__file__).parent / "expected"
# The placeholders that a text may use, by its section.
PLACEHOLDERS = {
    "pay_by": {"total", "pay_by"},
    "added_tax": {"rate"},
    "included_tax": {"rate"},
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_the_text_of_its_kind_and_language(kind: OrderMailKind, locale: str) -> None:
    mail = MAILS.render(kind, sample_order(locale))
    expected = (EXPECTED / f"{kind}.{locale}.txt").read_text("utf-8")
    assert f"Subject: {mail.subject}\n\n{mail.text}" == expected


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_html_has_the_content_of_the_text(kind: OrderMailKind, locale: str) -> None:
    mail = MAILS.render(kind, sample_order(locale))
    assert f'<html lang="{locale}">' in mail.html
    html = " ".join(shown(mail.html))
    # The text has options in brackets, an amount after a colon, and the link in full.
    for line in mail.text.replace(" (", "\n").replace("): ", "\n").replace(": ", "\n").split("\n"):
        words = line.removesuffix(":").removesuffix(")")
        assert words in html or words == sample_order().link


@pytest.mark.parametrize(
    ("locale", "country", "name"),
    [
        ("de-AT", "CH", "SCHWEIZ"),
        ("ru", "CH", "ШВЕЙЦАРИЯ"),
        ("fr", "CH", "SWITZERLAND"),
        ("", "AX", "ÅLAND ISLANDS"),
    ],
)
def test_the_country_of_an_address_is_named_in_the_language_of_the_mail(
    locale: str, country: str, name: str
) -> None:
    order = order_with(locale=locale, delivery_country=country, billing_address=())
    mail = MAILS.render(OrderMailKind.CONFIRMED, replace(order, billing_country=""))
    assert f"\n10115 Berlin\n{name}\n" in mail.text
    assert name in shown(mail.html)
    assert "KINGDOM" not in mail.text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_country_has_a_name_in_each_language(locale: str) -> None:
    names = read_languages(None)[locale].texts["countries"]
    assert names.keys() == COUNTRIES
    assert len(set(names.values())) == len(names)


def test_every_language_has_the_same_texts_with_the_same_placeholders() -> None:
    languages = read_languages(None)
    assert sorted(languages) == LOCALES
    names = {
        code: {
            (section, key, name)
            for section, entries in language.texts.items()
            for key, text in entries.items()
            for _, name, _, _ in [*Formatter().parse(text), ("", None, "", "")]
        }
        for code, language in languages.items()
    }
    places = {code: {place[:2] for place in found} for code, found in names.items()}
    assert places["de"] == places["en"] == places["ru"]
    assert {kind.value for kind in KINDS} | {"guest_data", "words", "countries"} == languages[
        "en"
    ].texts.keys()
    for found in names.values():
        for section, key, name in found:
            known = PLACEHOLDERS.get(key, set() if section == "words" else {"number", "shop"})
            assert name is None or name in known
    assert all(
        {name for _, key, name in found if key in PLACEHOLDERS} >= {"rate", "total", "pay_by"}
        for found in names.values()
    )


def test_every_mail_is_rendered_in_every_language_with_all_fields_of_an_order() -> None:
    full = sample_order()
    parts: tuple[OrderMail | MailSums | MailLine, ...] = (full, full.sums, *full.lines[:2])
    for part in parts:
        assert [each.name for each in fields(part) if not getattr(part, each.name)] == []
    require_usable(MAILS)


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        *(("de-AT", "de"), ("de_CH", "de"), ("RU", "ru"), ("en-GB", "en")),
        *(("fr", "en"), ("", "en"), ("../de", "en"), ("deu", "en"), ("words", "en")),
    ],
)
def test_a_mail_in_a_language_without_texts_is_in_english(locale: str, language: str) -> None:
    mail = MAILS.render(OrderMailKind.CONFIRMED, sample_order(locale))
    assert mail == MAILS.render(OrderMailKind.CONFIRMED, sample_order(language))


@pytest.mark.parametrize(
    ("minor", "currency", "amounts"),
    [
        (0, "EUR", ("0.00 EUR", "0,00 EUR", "0,00 EUR")),
        (5, "EUR", ("0.05 EUR", "0,05 EUR", "0,05 EUR")),
        (123_456_789, "USD", ("1,234,567.89 USD", "1.234.567,89 USD", "1 234 567,89 USD")),
        (1_980, "JPY", ("1,980 JPY", "1.980 JPY", "1 980 JPY")),
        (1_980, "KWD", ("1.980 KWD", "1,980 KWD", "1,980 KWD")),
        (-1_000, "EUR", ("−10.00 EUR", "−10,00 EUR", "−10,00 EUR")),
    ],
)
def test_an_amount_has_the_decimal_places_of_its_currency_and_the_separators_of_the_language(
    minor: int, currency: str, amounts: tuple[str, str, str]
) -> None:
    languages = read_languages(None)
    found = [languages[code].formats.amount(minor, currency) for code in ("en", "de", "ru")]
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in found] == list(amounts)


def test_a_rate_of_tax_is_shown_with_its_decimals() -> None:
    formats = Formats(decimal_mark=",", group_mark=".", percentage="{number} %", moment="%H:%M")
    assert [formats.rate(each) for each in (0, 70_000, 88_750)] == ["0 %", "7 %", "8,875 %"]


def test_a_moment_is_in_the_time_zone_of_the_shop_in_summer_and_in_winter() -> None:
    formats = read_languages(None)["en"].formats
    zones = [(7, "Europe/Berlin"), (12, "Europe/Berlin"), (12, "America/New_York")]
    assert [
        formats.moment_in(datetime(2026, month, 1, tzinfo=UTC), zone) for month, zone in zones
    ] == [
        "01 July 2026, 02:00 (Europe/Berlin)",
        "01 December 2026, 01:00 (Europe/Berlin)",
        "30 November 2026, 19:00 (America/New York)",
    ]


def test_a_mail_omits_sections_that_the_order_does_not_have() -> None:
    order = OrderMail(
        number="7",
        email="ada@example.com",
        locale="en",
        lines=(MailLine("Cup", "", 1, 500),),
        sums=MailSums(currency="EUR", subtotal_minor=500, total_minor=500),
    )
    mail = MAILS.render(OrderMailKind.CONFIRMED, order)
    assert mail.text.split("received your order 7.\n\n")[1].replace("\xa0", " ") == (
        "Your order\n1 × Cup: 5.00 EUR\n\nTotal: 5.00 EUR\n\n"
        "Lavka\nLavka GmbH, Hauptstraße 1, 10115 Berlin\n"
    )
    assert "<a " not in mail.html


def test_added_tax_is_shown_before_the_total() -> None:
    taxes = (MailTax(88_750, 444), MailTax(0, 0))
    net = replace(sample_order().sums, prices_include_tax=False, taxes=taxes)
    for order, taxes_first in ((order_with(sums=net), True), (order_with(), False)):
        text = MAILS.render(OrderMailKind.CONFIRMED, order).text
        after = text.index("Total: ")
        assert ("Tax (8.875%): 4.44\xa0EUR\nTax (0%): 0.00" in text[:after]) is taxes_first
        assert ("Includes" in text[after:]) is not taxes_first


@pytest.mark.parametrize("kind", [OrderMailKind.CANCELLED, OrderMailKind.EXPIRED])
def test_a_mail_about_a_cancelled_order_does_not_request_payment(kind: OrderMailKind) -> None:
    mail = MAILS.render(kind, sample_order())
    for content in (mail.text, mail.html):
        assert "Please pay" not in content
        assert "DE02" not in content


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_html_loads_nothing_and_runs_nothing(kind: OrderMailKind, locale: str) -> None:
    document = MAILS.render(kind, sample_order(locale)).html
    assert set(re.findall(r'https?://[^"<\s]*', document)) == {sample_order().link}
    assert (
        re.findall(r"<(?:img|script|link|iframe|object|form)|url\(|@import|@font", document) == []
    )


def test_a_link_that_is_not_http_is_refused() -> None:
    with pytest.raises(ValueError, match="^a link of a mail must begin with https://"):
        order_with(link="javascript:alert(1)")


def test_an_order_of_a_hundred_lines_is_one_mail() -> None:
    order = replace(sample_order(), lines=tuple(MailLine(f"Cup {n}", "", n, n) for n in range(100)))
    mail = MAILS.render(OrderMailKind.CONFIRMED, order)
    assert mail.text.count("× Cup") == 100
    assert len(mail.html.encode()) < 102_400, "some readers of mails cut longer ones"
