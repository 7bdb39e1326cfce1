"""The base of all schemas, and the types that their fields share."""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
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

_LINE = r"^[^\u0000-\u001F\u007F]*[^\u0000-\u0020\u007F][^\u0000-\u001F\u007F]*$"
_EMAIL = (
    r"^[^@\s\u0000-\u0020\u007F]{1,64}@[^@\s\u0000-\u0020\u007F]+\.[^@\s.\u0000-\u0020\u007F]+$"
)
_PROSE = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]*$"


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
            return cls.model_validate(data, by_name=False)
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
                        "detail": reason_of(each),
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
    if error["type"] == "extra_forbidden":
        return "is not a field of this document"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    return (
        error["msg"]
        .removeprefix("Input ")
        .removeprefix("should ")
        .replace("Field required", "is required")
    )


def _price_to_minor(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("must be a decimal string or a number")
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise ValueError("must be a decimal number") from error
    return to_minor(amount, get_settings().shop_currency)


def _price_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    fraction = rf"(\.[0-9]{{1,{places}}})?" if places else ""
    return {"type": "string", "pattern": rf"^[0-9]{{1,{12 - places}}}{fraction}$"}


def _price_input_schema() -> dict[str, Any]:
    places = currency_places(get_settings().shop_currency)
    number = {
        "type": "number",
        "minimum": 0,
        "maximum": 10 ** (12 - places) - 1,
        "multipleOf": 10**-places,
    }
    return {"anyOf": [_price_schema(), number]}


def _show_minor(minor: int) -> str:
    return format_minor(minor, get_settings().shop_currency)


def _nfc(value: str) -> str:
    return unicodedata.normalize("NFC", value)


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

Line = Annotated[str, StringConstraints(min_length=1, pattern=_LINE)]
"""One line of text with something to see in it."""

Prose = Annotated[str, StringConstraints(pattern=_PROSE)]
"""Text of any number of lines, or none."""

Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=254,
        pattern=_EMAIL,
    ),
    AfterValidator(_nfc),
]
"""An e-mail address, NFC-normalised."""

Username = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,31}$")]
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
Moment = AwareDatetime

Country = Annotated[
    str,
    AfterValidator(_known_country),
    WithJsonSchema({"type": "string", "enum": sorted(COUNTRIES)}),
]
