"""Reads and validates the parameters of Stripe's forms."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.support.servers.stripe.refusals import Refused, invalid

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_AMOUNT = 99_999_999
MINIMA = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50, "huf": 17_500, "isk": 10_000}
"""The minimum charge of some currencies; it is 50 for all others."""
_ZERO_STEP = frozenset({"isk", "ugx"})
_THREE_PLACES = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
CURRENCIES = frozenset(
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn "
    "bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd "
    "gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak "
    "lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd "
    "omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std "
    "szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar "
    "zmw".split()
)


def read_form(text: str) -> dict[str, Any]:
    """Return the parameters of a form, in which `a[b]=c` is an object and `a[0]=c` a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = _NAME.fullmatch(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name}", name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = found
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise invalid(f"Invalid parameter: {name}", name)
        place[path[-1]] = value
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdecimal() or not name for name in value):
        return [_plain(each) for each in value.values()]
    return {name: _plain(each) for name, each in value.items()}


def require_known(given: Mapping[str, Any], known: set[str]) -> None:
    """Check that an endpoint has the parameters."""
    for name in sorted(given.keys() - known):
        raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def require(given: Mapping[str, Any], name: str) -> Any:
    """Return a required parameter."""
    if given.get(name) in (None, ""):
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    return given[name]


def integer(given: Mapping[str, Any], name: str, least: int = 1) -> int:
    """Return a parameter that is a whole number."""
    value = require(given, name)
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    if int(value) < least:
        message = f"This value must be greater than or equal to {least}."
        raise invalid(message, name, "parameter_invalid_integer")
    return int(value)


def limit(given: Mapping[str, Any]) -> int:
    """Return the number of objects of a page."""
    count = integer({"limit": "10", **given}, "limit")
    if count > 100:
        message = "This value must be less than or equal to 100."
        raise invalid(message, "limit", "parameter_invalid_integer")
    return count


def amount(given: Mapping[str, Any], currency: str, name: str = "amount") -> int:
    """Return an amount in the units of Stripe."""
    value = integer(given, name)
    step = 100 if currency in _ZERO_STEP else 10 if currency in _THREE_PLACES else 1
    if value % step:
        message = f"Invalid amount: amounts in {currency} must be multiples of {step}"
        raise invalid(message, name, "invalid_charge_amount")
    return value


def charged(given: Mapping[str, Any]) -> tuple[int, str]:
    """Return the amount and the currency of a new payment."""
    name = require(given, "currency")
    currency = name.lower()
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {name}.", "currency")
    value = amount(given, currency)
    if value < MINIMA.get(currency, 50):
        raise _size("amount_too_small", "Amount must convert to at least 50 cents.")
    if value > _MAX_AMOUNT:
        raise _size("amount_too_large", "Amount must be no more than 999,999.99.")
    return value, currency


def _size(code: str, message: str) -> Refused:
    return Refused(message, param="amount", code=code)


def metadata(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of a new object."""
    words = given.get("metadata") or {}
    if not isinstance(words, dict):
        raise invalid("Invalid object", "metadata")
    if len(words) > 50:
        raise invalid("Metadata can have at most 50 keys.", "metadata")
    for name, value in words.items():
        if len(name) > 40:
            raise invalid("Metadata keys can have up to 40 characters.", f"metadata[{name}]")
        if not isinstance(value, str) or len(value) > 500:
            raise invalid("Metadata values can have up to 500 characters.", f"metadata[{name}]")
    return words
