"""The field types shared by several schemas."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from app.core.countries import COUNTRIES
from app.core.email_addresses import MAX_LENGTH, NO_ADDRESS, normalise_address
from app.core.money import currency_places, to_minor
from app.core.vat.numbers import vat_number
from app.schemas.slugs import SLUG_LENGTH, SLUG_PATTERN
from app.settings import get_settings

# Character classes are written out, because \s differs between the dialects of schema readers.
_BREAKS = r"\u0000-\u001F\u007F-\u009F\u2028\u2029"
_UNSEEN = (
    r"\u0000-\u0020\u007F-\u00A0\u00AD\u061C\u115F\u1160\u1680\u180E\u2000-\u200F\u2028-\u202F"
    r"\u205F-\u206F\u2800\u3000\u3164\uFEFF\uFFA0"
)
_TEXT = rf"^[^{_BREAKS}]*$"
_LINE = rf"^[^{_BREAKS}]*[^{_UNSEEN}][^{_BREAKS}]*$"
_LINE_OR_NOTHING = rf"^([^{_BREAKS}]*[^{_UNSEEN}][^{_BREAKS}]*)?$"
_PROSE = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"
# Characters with a meaning in mail headers (RFC 5322, section 3.2.3) could redirect a mail. Rules
# that a pattern cannot express are checked by `normalise_address`.
_NO_ADDRESS = rf"@()<>\[\]:;,\\\"{_UNSEEN}"
_EMAIL = rf"^[^{_NO_ADDRESS}]{{1,64}}@[^.{_NO_ADDRESS}]+(\.[^.{_NO_ADDRESS}]+)+$"
_PASSWORD_MIN_LENGTH, _PASSWORD_MAX_LENGTH = 8, 128
_PRICE_LENGTH = 32
_VAT_NUMBER_LENGTH = 40
_USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"
_SKU = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]+")
# BIGINT
_MAX_INTEGER = 2**63 - 1
# RFC 3339, section 5.6
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_MOMENT_LENGTH = len("2026-01-31T12:00:00.123456789+00:00")
_DECIMAL_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": _PRICE_LENGTH},
        {"type": "number", "minimum": 0},
    ]
}
MISMATCHES = {
    _TEXT: "must be one line of text without control characters",
    _LINE: "must be one line of text without control characters, "
    "with at least one visible character",
    _LINE_OR_NOTHING: "must be one line of text without control characters, "
    "with at least one visible character",
    _PROSE: "must be text without control characters",
    _EMAIL: NO_ADDRESS,
    _USERNAME: "must be 3 to 32 of A-Z a-z 0-9 . _ - and begin with a letter or a digit",
    _SKU: "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit",
    SLUG_PATTERN: "must be of a-z and 0-9, with single hyphens between them",
    _MOMENT: "must be a moment like 2026-01-31T12:00:00Z",
}
"""The reason for each pattern that a text may not match."""


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("must be a decimal string or a number")
    # Decimal also accepts "1_000", " 1", "1e3", "NaN" and the digits of other scripts.
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number like 19.99, without a sign")
    return Decimal(value)


def _require_short(value: object) -> None:
    if isinstance(value, str) and len(value) > _PRICE_LENGTH:
        raise ValueError(f"must have at most {_PRICE_LENGTH} characters")


def _short_decimal(value: object) -> Decimal:
    decimal = _decimal(value)
    _require_short(value)
    return decimal


def _price_to_minor(value: object) -> int:
    minor = to_minor(_decimal(value), get_settings().shop_currency)
    _require_short(value)
    return minor


def _price_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    fraction = rf"(\.[0-9]{{1,{places}}}0*)?" if places else ""
    pattern = rf"^0*[0-9]{{1,{12 - places}}}{fraction}$"
    return {"type": "string", "pattern": pattern, "maxLength": _PRICE_LENGTH}


def _price_input_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    number = {
        "type": "number",
        "minimum": 0,
        "maximum": (10**12 - 1) / 10**places,
        "multipleOf": 10**-places,
    }
    return {"anyOf": [_price_schema(), number]}


def _require_of_shop(value: str, what: str, known: Sequence[str]) -> str:
    if value not in known:
        raise ValueError(f"must be a {what} of the shop: {', '.join(known)}")
    return value


def _currency_of_shop(value: str) -> str:
    return _require_of_shop(value, "currency", get_settings().currencies)


def _currency_schema() -> dict[str, Any]:
    currencies = list(get_settings().currencies)
    return {"type": "string", "enum": currencies, "examples": currencies[-1:]}


def _class_of_shop(value: str) -> str:
    return _require_of_shop(value, "tax class", get_settings().tax_classes)


def _tax_class_schema() -> dict[str, Any]:
    classes = list(get_settings().tax_classes)
    return {"type": "string", "enum": classes, "examples": classes[:1]}


def _refuse_amount(_minor: int) -> str:
    raise TypeError("only a schema of app.schemas.amounts knows the currency of its amounts")


def _whole(value: object) -> object:
    # In JSON, 2.0 is an integer too (JSON Schema, section 6.1.1).
    if isinstance(value, Decimal) and value.adjusted() < 19 and value == value.to_integral_value():
        return int(value)
    return value


def _digits(value: object) -> object:
    # Pydantic also accepts "1_000", " 1", "1.0" and the digits of other scripts.
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ValueError("must be an integer")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a moment that exists in UTC") from error


def _require_rfc_3339(value: object) -> object:
    # Pydantic also accepts seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(_MOMENT, value):
        raise ValueError(MISMATCHES[_MOMENT])
    return value


def _known_country(value: str) -> str:
    if value not in COUNTRIES:
        raise ValueError("must be a country code of ISO 3166-1 alpha-2")
    return value


class _Described:
    """Describes a type when the document is generated: the settings may not be readable before."""

    def __init__(self, describe: Callable[[], dict[str, Any]]) -> None:
        self._describe = describe

    def __get_pydantic_json_schema__(
        self, _core_schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return self._describe()


class _OnlyTheseNames:
    """Describes that a mapping has only names that match the pattern of its keys."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(core_schema) | {"additionalProperties": False}


ONLY_THESE_NAMES = _OnlyTheseNames()
"""An annotation of a mapping: JSON Schema allows any value under a name that fits no pattern."""

PriceInput = Annotated[int, BeforeValidator(_price_to_minor), _Described(_price_input_schema)]
"""An input price, a decimal string or a number; the value is in minor units."""

DecimalInput = Annotated[Decimal, BeforeValidator(_short_decimal), WithJsonSchema(_DECIMAL_SCHEMA)]
"""An input amount, a decimal string or a number, whose currency the schema does not know."""

PriceQuery = Annotated[int, BeforeValidator(_price_to_minor), _Described(_price_schema)]
"""A price in a query string; the value is in minor units."""

# The maximum is 19 digits of a BIGINT and a decimal point.
_SHOWN_AMOUNT = WithJsonSchema(
    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": 20}
)
ShownAmount = Annotated[str, _SHOWN_AMOUNT]
"""An amount as a decimal string."""

Amount = Annotated[int, PlainSerializer(_refuse_amount, return_type=str), _SHOWN_AMOUNT]
"""An output amount as a decimal string in a schema of `app.schemas.amounts`, which knows the
currency; the value is in minor units."""

SignedAmount = Annotated[
    int,
    PlainSerializer(_refuse_amount, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "maxLength": 21}),
]
"""An output amount of either sign, otherwise like `Amount`."""

Integer = Annotated[int, Field(ge=-_MAX_INTEGER - 1, le=_MAX_INTEGER)]
"""An output integer of either sign (BIGINT)."""

Natural = Annotated[int, Field(ge=0, le=_MAX_INTEGER)]
"""An output count from 0."""

Ordinal = Annotated[int, Field(ge=1, le=_MAX_INTEGER)]
"""An output number from 1."""

Text = Annotated[str, StringConstraints(pattern=_TEXT)]
"""One line of text, which may be empty."""

Line = Annotated[str, StringConstraints(min_length=1, pattern=_LINE)]
"""One line of text with at least one visible character."""

LineOrNothing = Annotated[str, StringConstraints(pattern=_LINE_OR_NOTHING)]
"""A line, or an empty text."""

Prose = Annotated[str, StringConstraints(pattern=_PROSE)]
"""Text of any number of lines, which may be empty."""

Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=MAX_LENGTH,
        pattern=_EMAIL,
    ),
    AfterValidator(normalise_address),
]
"""An e-mail address, normalised by `app.core.email_addresses`."""

Password = Annotated[
    str,
    StringConstraints(min_length=_PASSWORD_MIN_LENGTH, max_length=_PASSWORD_MAX_LENGTH),
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": _PASSWORD_MIN_LENGTH,
            "maxLength": _PASSWORD_MAX_LENGTH,
            "writeOnly": True,
        }
    ),
]
"""A new password; `app.security.passwords` checks its strength."""

SentPassword = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1_000),
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": 1,
            "maxLength": 1_000,
            "writeOnly": True,
        }
    ),
]
"""A password to compare with the stored hash."""

# The pattern limits the length, because its reason is clearer for a text that is too long.
Username = Annotated[
    str,
    StringConstraints(pattern=_USERNAME),
    WithJsonSchema({"type": "string", "pattern": _USERNAME, "maxLength": 32}),
]
Sku = Annotated[
    str,
    StringConstraints(pattern=_SKU),
    WithJsonSchema({"type": "string", "pattern": _SKU, "maxLength": 64}),
]

Slug = Annotated[str, StringConstraints(min_length=1, max_length=SLUG_LENGTH, pattern=SLUG_PATTERN)]
"""A part of a path."""

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment; the value is in UTC."""

MomentQuery = Annotated[
    Moment,
    BeforeValidator(_require_rfc_3339),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": _MOMENT,
            "maxLength": _MOMENT_LENGTH,
        }
    ),
]
"""A moment in the format of RFC 3339 only."""

ShopCurrency = Annotated[str, AfterValidator(_currency_of_shop), _Described(_currency_schema)]
"""A currency in which the shop shows prices."""

TaxClass = Annotated[str, AfterValidator(_class_of_shop), _Described(_tax_class_schema)]
"""A tax class of goods, one of `TAX_CLASSES`."""

VatNumber = Annotated[
    str,
    # The length is that of a typed number, with separators.
    StringConstraints(max_length=_VAT_NUMBER_LENGTH),
    AfterValidator(vat_number),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": _VAT_NUMBER_LENGTH,
            "pattern": r"^\s*[A-Za-z]{2}[0-9A-Za-z+*\s./-]+$",
        }
    ),
]
"""A VAT number in the form that `app.core.vat.numbers` returns."""

WHOLE = BeforeValidator(_whole)
"""An annotation that follows the constraints of an integer in JSON."""

DIGITS = BeforeValidator(_digits)
"""An annotation that follows the constraints of an integer in a query string."""

Country = Annotated[
    str,
    AfterValidator(_known_country),
    WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)}),
]
