"""The base of all schemas, and the types that their fields share."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

import msgspec
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from app.countries import COUNTRIES
from app.errors import InvalidInput
from app.money import currency_places, format_minor, to_minor
from app.settings import get_settings

# Decimals keep every digit that was sent: a float would have rounded before the check of places.
_decoder = msgspec.json.Decoder(float_hook=Decimal)

# Every class is spelled out: what \s means differs between the dialects of a schema's readers.
_BREAKS = r"\u0000-\u001F\u007F-\u009F\u2028\u2029"
_UNSEEN = (
    r"\u0000-\u0020\u007F-\u00A0\u00AD\u061C\u115F\u1160\u1680\u180E\u2000-\u200F\u2028-\u202F"
    r"\u205F-\u206F\u2800\u3000\u3164\uFEFF\uFFA0"
)
_TEXT = rf"^[^{_BREAKS}]*$"
_LINE = rf"^[^{_BREAKS}]*[^{_UNSEEN}][^{_BREAKS}]*$"
_PROSE = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]*$"
_EMAIL = rf"^[^@{_UNSEEN}]{{1,64}}@[^@{_UNSEEN}]+\.[^@.{_UNSEEN}]+$"
_EMAIL_LENGTH = 254
_USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$"
_SKU = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$"
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]+")
# RFC 3339, section 5.6
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})$"
)
_MISMATCHES = {
    _TEXT: "must be one line of text without control characters",
    _LINE: "must be one line of text without control characters, and have something to see",
    _PROSE: "must be text without control characters",
    _EMAIL: "must be an e-mail address",
    _USERNAME: "must be 3 to 32 of A-Z a-z 0-9 . _ - and begin with a letter or a digit",
    _SKU: "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or a digit",
    _MOMENT: "must be a moment like 2026-01-31T12:00:00Z",
}
_REASONS = {
    "bool_type": "must be true or false",
    "extra_forbidden": "is not a field of this document",
    "int_parsing_size": "must be an integer",
    "int_type": "must be an integer",
    "list_type": "must be a list",
    "missing": "is required",
    "model_type": "must be an object",
    "string_type": "must be a string",
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
}


def decode_json(body: bytes) -> Any:
    """Return what a JSON document says, with its non-integer numbers as decimals.

    Raises:
        InvalidInput: it is not UTF-8, not JSON, or nested too deeply.
    """
    try:
        return _decoder.decode(body)
    except UnicodeDecodeError as error:
        raise InvalidInput("the body is not valid UTF-8") from error
    except RecursionError as error:
        raise InvalidInput("the body is nested too deeply") from error
    except (msgspec.MsgspecError, ArithmeticError, ValueError) as error:
        raise InvalidInput(f"the body is not valid JSON: {error}") from error


def canonical_json(body: bytes) -> bytes:
    """Return a JSON document without the freedoms of its notation, or other bytes as they are."""
    try:
        return msgspec.json.encode(_decoder.decode(body), order="sorted")
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return body


class Schema(BaseModel):
    """A document of the API; fields that it does not have are refused."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, validate_by_name=True, validate_by_alias=True
    )

    @classmethod
    def parse(cls, data: object) -> Self:
        """Validate decoded JSON.

        Raises:
            InvalidInput: naming each wrong field by its JSON pointer, with the reason.
        """
        try:
            # A number has attributes, too.
            return cls.model_validate(data, from_attributes=False, by_name=False)
        except ValidationError as error:
            raise InvalidInput(
                "the body does not match its schema",
                [
                    {"pointer": _pointer(each["loc"]), "detail": reason_of(each)}
                    for each in error.errors()
                ],
            ) from error

    @classmethod
    def parse_query(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the parameters of a query string.

        Raises:
            InvalidInput: naming each wrong parameter, with the reason.
        """
        data: dict[str, str] = {}
        for name, value in pairs:
            if name in data:
                raise InvalidInput(
                    "the query is not valid", [{"parameter": name, "detail": "must be given once"}]
                )
            data[name] = value
        try:
            return cls.model_validate(data, by_name=False)
        except ValidationError as error:
            raise InvalidInput(
                "the query is not valid",
                [
                    {
                        "parameter": str(each["loc"][0]) if each["loc"] else "",
                        "detail": reason_of(each).replace("field of this document", "parameter"),
                    }
                    for each in error.errors()
                ],
            ) from error

    def to_json(self) -> bytes:
        """Return the document as JSON with the names of the wire."""
        return self.model_dump_json(by_alias=True).encode()


def etag_of(representation: bytes) -> str:
    """Return the strong entity tag of a representation (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.blake2b(representation, digest_size=12).hexdigest()}"'


class Change(Schema):
    """Some fields of a resource; the ones that are absent stay as they are."""

    def changes(self) -> Mapping[str, Any]:
        """Return the fields that were given, by the names of the model."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def unchanged(**arguments: Any) -> Any:
    """Declare a field of a `Change` that may be absent but not null."""

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    return Field(default=None, json_schema_extra=without_default, **arguments)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def reason_of(error: ErrorDetails) -> str:
    """Return what is wrong with a value, in words that follow its name."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "string_pattern_mismatch":
        return _MISMATCHES.get(error["ctx"]["pattern"], "has characters that are not allowed")
    if error["type"] in _REASONS:
        return _REASONS[error["type"]]
    _, should, rule = error["msg"].partition(" should ")
    return f"must {rule.partition(' after validation')[0]}" if should else error["msg"]


def _price_to_minor(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("must be a decimal string or a number")
    # Decimal itself also reads "1_000", " 1", "1e3", "NaN" and the digits of other scripts.
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise ValueError("must be a decimal number like 19.99, without a sign")
    return to_minor(Decimal(value), get_settings().shop_currency)


def _price_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    fraction = rf"(\.[0-9]{{1,{places}}}0*)?" if places else ""
    return {"type": "string", "pattern": rf"^0*[0-9]{{1,{12 - places}}}{fraction}$"}


def _price_input_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    number = {
        "type": "number",
        "minimum": 0,
        "maximum": (10**12 - 1) / 10**places,
        "multipleOf": 10**-places,
    }
    return {"anyOf": [_price_schema(), number]}


def _show_minor(minor: int) -> str:
    return format_minor(minor, get_settings().shop_currency)


def _nfc(value: str) -> str:
    # Some characters are longer in NFC.
    normalised = unicodedata.normalize("NFC", value)
    if len(normalised) > _EMAIL_LENGTH:
        raise ValueError(f"must have at most {_EMAIL_LENGTH} characters")
    return normalised


def _whole(value: object) -> object:
    # In JSON, 2.0 is an integer too (JSON Schema, section 6.1.1).
    if isinstance(value, Decimal) and value.adjusted() < 19 and value == value.to_integral_value():
        return int(value)
    return value


def _digits(value: object) -> object:
    # Pydantic also reads "1_000", " 1", "1.0" and the digits of other scripts.
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise ValueError("must be an integer")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must be a moment that UTC has, too") from error


def _like_rfc_3339(value: object) -> object:
    # Pydantic also reads seconds since 1970.
    if isinstance(value, str) and not re.fullmatch(_MOMENT, value):
        raise ValueError(_MISMATCHES[_MOMENT])
    return value


def _known_country(value: str) -> str:
    if value not in COUNTRIES:
        raise ValueError("must be a country code of ISO 3166-1 alpha-2")
    return value


PriceInput = Annotated[int, BeforeValidator(_price_to_minor), WithJsonSchema(_price_input_schema())]
"""A price that comes in as a decimal string or a number; minor units inside."""

PriceQuery = Annotated[int, BeforeValidator(_price_to_minor), WithJsonSchema(_price_schema())]
"""A price in a query string; minor units inside."""

Amount = Annotated[
    int,
    PlainSerializer(_show_minor, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"}),
]
"""An amount that goes out as a decimal string; minor units inside."""

Text = Annotated[str, StringConstraints(pattern=_TEXT)]
"""One line of text, or none."""

Line = Annotated[str, StringConstraints(min_length=1, pattern=_LINE)]
"""One line of text with something to see in it."""

Prose = Annotated[str, StringConstraints(pattern=_PROSE)]
"""Text of any number of lines, or none."""

Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=_EMAIL_LENGTH,
        pattern=_EMAIL,
    ),
    AfterValidator(_nfc),
]
"""An e-mail address, NFC-normalised."""

Username = Annotated[str, StringConstraints(pattern=_USERNAME)]
Sku = Annotated[str, StringConstraints(pattern=_SKU)]

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment; UTC inside."""

MomentQuery = Annotated[
    Moment,
    BeforeValidator(_like_rfc_3339),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _MOMENT}),
]
"""A moment in a query string, as RFC 3339 writes it."""

Whole = BeforeValidator(_whole)
"""Stands after the constraints of an integer in JSON."""

Digits = BeforeValidator(_digits)
"""Stands after the constraints of an integer in a query string."""

Country = Annotated[
    str,
    AfterValidator(_known_country),
    WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)}),
]
