"""The base of all schemas: parsing, validation and serialization."""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from app.errors import InvalidInput
from app.schemas.fields import MISMATCHES

# Decimals keep every digit; a float would round before the decimal places are checked.
_decoder = msgspec.json.Decoder(float_hook=Decimal)

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
    """Decode a JSON document, with non-integer numbers as decimals.

    Raises:
        InvalidInput: the document is not UTF-8, not JSON, or nested too deeply.
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
    """Return a JSON document in canonical form, and any other bytes unchanged."""
    try:
        return msgspec.json.encode(_decoder.decode(body), order="sorted")
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return body


class Schema(BaseModel):
    """A document of the API; unknown fields are rejected."""

    model_config = ConfigDict(
        extra="forbid",
        from_attributes=True,
        validate_by_name=True,
        validate_by_alias=True,
        # A schema is built at its first use instead of at the start.
        defer_build=True,
    )

    repeated: ClassVar[frozenset[str]] = frozenset()
    """The parameters of a query string that may be given several times."""

    @classmethod
    def parse(cls, data: object) -> Self:
        """Validate decoded JSON.

        Raises:
            InvalidInput: the error names each wrong field by its JSON pointer, with the reason.
        """
        try:
            # Numbers have attributes, too.
            return cls.model_validate(data, from_attributes=False, by_name=False)
        except ValidationError as error:
            raise InvalidInput(
                "the body does not match its schema",
                [
                    {"pointer": _pointer(location_of(each)), "detail": reason_of(each)}
                    for each in error.errors()
                ],
            ) from error

    @classmethod
    def parse_query(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the parameters of a query string.

        Raises:
            InvalidInput: the error names each wrong parameter, with the reason.
        """
        return cls._parse_pairs(pairs, "the query is not valid", "parameter", "parameter")

    @classmethod
    def parse_form(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the fields of a form.

        Raises:
            InvalidInput: the error names each wrong field by its JSON pointer, with the reason.
        """
        return cls._parse_pairs(pairs, "the form is not valid", "pointer", "field", before="#/")

    @classmethod
    def _parse_pairs(
        cls,
        pairs: Iterable[tuple[str, str]],
        detail: str,
        place: str,
        kind: str,
        before: str = "",
    ) -> Self:
        data: dict[str, str | list[str]] = {}
        for name, value in pairs:
            if name in cls.repeated:
                data[name] = [*data.get(name, ()), value]
                continue
            if name in data:
                raise InvalidInput(detail, [{place: before + name, "detail": "must be given once"}])
            data[name] = value
        try:
            return cls.model_validate(data, by_name=False)
        except ValidationError as error:
            raise InvalidInput(
                detail,
                [
                    {
                        place: before + (str(each["loc"][0]) if each["loc"] else ""),
                        "detail": reason_of(each).replace("field of this document", kind),
                    }
                    for each in error.errors()
                ],
            ) from error

    def to_json(self) -> bytes:
        """Return the document as JSON, with the field names of the API."""
        return self.model_dump_json(by_alias=True).encode()


def etag_of(representation: bytes) -> str:
    """Return the strong entity tag of a representation (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.blake2b(representation, digest_size=12).hexdigest()}"'


def variant_of(etag: str) -> str:
    """Return the entity tag of the gzip variant, whose bytes differ."""
    return f'{etag[:-1]}-gzip"'


class Change(Schema):
    """A change of a resource; absent fields stay unchanged."""

    def changes(self) -> Mapping[str, Any]:
        """Return the given fields by the names of the model."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def unchanged(default: Any = None, **arguments: Any) -> Any:
    """Declare a field that may be absent but not null."""

    def without_default(schema: dict[str, Any]) -> None:
        schema.pop("default", None)

    return Field(default=default, json_schema_extra=without_default, **arguments)


def omitted(value: Any = None, **arguments: Any) -> Any:
    """Declare a field of a response that is left out if it has this value."""

    def is_value(given: Any) -> bool:
        return bool(given == value)

    return unchanged(value, exclude_if=is_value, **arguments)


class MemberError(PydanticCustomError):
    """The fault of one member of a document, found by a validator of the whole document."""

    def __new__(cls, member: str, reason: str) -> Self:
        """Return the error of a member; the reason continues a sentence that the name begins."""
        return super().__new__(cls, "member", "{reason}", {"member": member, "reason": reason})


def location_of(error: ErrorDetails) -> tuple[int | str, ...]:
    """Return the location of a wrong value."""
    within = error.get("ctx", {}).get("member") if error["type"] == "member" else None
    return error["loc"] if within is None else (*error["loc"], within)


def _pointer(location: tuple[int | str, ...]) -> str:
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def reason_of(error: ErrorDetails) -> str:
    """Return the fault of a value; it continues a sentence that begins with the field's name."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] == "string_pattern_mismatch":
        return MISMATCHES.get(error["ctx"]["pattern"], "has characters that are not allowed")
    if error["type"] in _REASONS:
        return _REASONS[error["type"]]
    _, should, rule = error["msg"].partition(" should ")
    return f"must {rule.partition(' after validation')[0]}" if should else error["msg"]
