"""The formats of amounts, days and moments on pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from typing import Any

from app.core.money import currency_places, format_minor
from app.documents.wording import wording_of

_SIGNS = {"EUR": "€", "GBP": "£", "JPY": "¥", "USD": "$"}
_KILOGRAM = 1_000
_MINUS, _NO_BREAK = "\N{MINUS SIGN}", "\N{NO-BREAK SPACE}"


def money(amount: str | None, currency: str) -> str:
    """Return an amount of the API, such as `1234.50`, with its currency and groups of digits."""
    if amount is None:
        return "–"
    whole, _, places = amount.removeprefix("-").partition(".")
    number = f"{int(whole):,}" + (f".{places}" if places else "")
    sign = _MINUS if amount.startswith("-") else ""
    if currency in _SIGNS:
        return f"{sign}{_SIGNS[currency]}{number}"
    return f"{sign}{currency}{_NO_BREAK}{number}"


def minor(amount: int, currency: str) -> str:
    """Return an amount in minor units in the format of `money`."""
    return money(format_minor(amount, currency), currency)


def day(value: str | date) -> str:
    """Return a day, such as `31 January 2026`."""
    its = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{its.day} {its:%B %Y}"


def weekday(value: date) -> str:
    """Return a day with its weekday, such as `Saturday, 31 January`."""
    return f"{value:%A}, {value.day} {value:%B}"


def moment(value: str | datetime) -> str:
    """Return a moment in UTC, such as `31 Jan 2026, 12:00`."""
    its = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{its.day} {its:%b %Y, %H:%M}"


def age(since: str, now: datetime) -> str:
    """Return the time since a moment in the largest whole unit, such as `3 h`."""
    minutes = max(0, int((now - datetime.fromisoformat(since)).total_seconds()) // 60)
    for name, length in (("d", 1440), ("h", 60)):
        if minutes >= length:
            return f"{minutes // length}{_NO_BREAK}{name}"
    return f"{minutes}{_NO_BREAK}min"


def words(code: str) -> str:
    """Return the code of a status as words: `partly_shipped` is `Partly shipped`."""
    return code.replace("_", " ").replace("-", " ").capitalize()


def sentence(text: str) -> str:
    """Return the detail of a problem as a sentence: with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def count(number: int, one: str, many: str) -> str:
    """Return a number with its noun: `1 order`, `1,234 orders`."""
    return f"{number:,} {one if number == 1 else many}"


def per_kilogram(amount: str, grams: int) -> str:
    """Return the price of a kilogram, with the places of the amount."""
    price = Decimal(amount)
    return str((price * _KILOGRAM / grams).quantize(price, ROUND_HALF_UP))


def goods(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return the price of the lines of an order, without discounts."""
    return str(sum((Decimal(each["unit_price"]) * each["quantity"] for each in lines), Decimal(0)))


def country(code: str) -> str:
    """Return the English name of a country."""
    return wording_of(None).countries.get(code, code)


def step(currency: str) -> str:
    """Return the smallest amount of a currency, as the step of a number field."""
    places = currency_places(currency)
    return "1" if places == 0 else f"0.{'0' * (places - 1)}1"


class _Html(str):
    """Text that is markup already."""

    def __html__(self) -> str:
        """Return the markup for templates."""
        return str(self)


def attributes(values: Mapping[str, Any]) -> str:
    """Return attributes of an element: a true one has no value, and a false one is left out."""
    written = (
        escape(name) if value is True else f'{escape(name)}="{escape(str(value))}"'
        for name, value in values.items()
        if value is not None and value is not False
    )
    return _Html("".join(f" {each}" for each in written))


FILTERS: dict[str, Callable[..., Any]] = {
    "age": age,
    "count": count,
    "country": country,
    "day": day,
    "decimal": Decimal,
    "minor": minor,
    "moment": moment,
    "goods": goods,
    "money": money,
    "per_kilogram": per_kilogram,
    "sentence": sentence,
    "step": step,
    "weekday": weekday,
    "words": words,
    # This replaces the filter of the library, which writes `required="True"`.
    "xmlattr": attributes,
}
