"""The filters of products by their options: `option.size=M,L`."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Self

from pydantic import Field, TypeAdapter, ValidationError

from app.core.limits import MAX_OPTIONS
from app.errors import InvalidInput
from app.schemas.base import Schema, reason_of
from app.schemas.catalogue.variant_schema import OptionName, OptionValue
from app.tables.identity import comparison_key

PREFIX = "option."
"""The prefix of the name of an option in the name of a parameter."""
MAX_VALUES = 20
_VALUE_LENGTH = 1_000
_SEPARATED = re.compile(r"(?:^|,)((?:\\.|[^,\\]|\\$)*)")
_ESCAPED = re.compile(r"\\(.)")


def _described(schema: dict[str, Any]) -> None:
    schema.clear()
    schema |= {
        "type": "object",
        "propertyNames": {"pattern": r"^option\..", "maxLength": len(PREFIX) + 100},
        "additionalProperties": {"type": "string", "minLength": 1, "maxLength": _VALUE_LENGTH},
        "maxProperties": MAX_OPTIONS,
        "description": "Only products that are sold in one of these values of an option: "
        f"`option.size=M,L`. Up to {MAX_OPTIONS} options, each with up to {MAX_VALUES} values, "
        "without regard to case; a comma within a value has a backslash before it.",
        "examples": [{"option.size": "M,L"}],
    }


class OptionFilter(Schema):
    """The filter by options, which have a parameter each."""

    options: dict[str, list[str]] = Field(
        default_factory=dict, alias="option", json_schema_extra=_described
    )

    @classmethod
    def parse_query(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Validate the parameters of a query string.

        Raises:
            InvalidInput: naming each wrong parameter, with the reason.
        """
        plain: list[tuple[str, str]] = []
        options: dict[str, list[str]] = {}
        # The pairs of a request have no order.
        for parameter, value in sorted(pairs):
            if parameter == "option":
                raise InvalidInput.in_query(parameter, "is not a parameter")
            if not parameter.startswith(PREFIX):
                plain.append((parameter, value))
                continue
            name = _checked(OptionName, parameter, parameter.removeprefix(PREFIX))
            key = comparison_key(name)
            if key in options:
                raise InvalidInput.in_query(parameter, "must be given once")
            if len(options) == MAX_OPTIONS:
                raise InvalidInput.in_query(
                    parameter, f"must be one of at most {MAX_OPTIONS} options"
                )
            options[key] = _values(parameter, value)
        query = super().parse_query(plain)
        query.options = dict(sorted(options.items()))
        return query


def escaped(value: str) -> str:
    """Return a value, escaped for the parameter of its option."""
    return re.sub(r"([\\,])", r"\\\1", value)


def _values(parameter: str, given: str) -> list[str]:
    """Return the keys of the values that a parameter names, without a repeated one."""
    if len(given) > _VALUE_LENGTH:
        raise InvalidInput.in_query(parameter, f"must have at most {_VALUE_LENGTH} characters")
    parts = [_ESCAPED.sub(r"\1", part) for part in _SEPARATED.findall(given)]
    if len(parts) > MAX_VALUES:
        raise InvalidInput.in_query(parameter, f"must have at most {MAX_VALUES} values")
    keys = {comparison_key(_checked(OptionValue, parameter, part)) for part in parts}
    return sorted(keys)


def _checked(kind: Any, parameter: str, value: str) -> str:
    try:
        checked: str = _adapter(kind).validate_python(value)
        return checked
    except ValidationError as error:
        raise InvalidInput.in_query(parameter, reason_of(error.errors()[0])) from error


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
