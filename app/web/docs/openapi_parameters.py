"""The parameters of the OpenAPI document: in the path, in the query and in headers."""

from typing import Any

from app.configuration.fields import PROVIDERS
from app.core.countries import COUNTRIES
from app.web.cart_tokens import CART_TOKEN
from app.web.middleware.body_limits import MAX_HEADER_LENGTH
from app.web.middleware.idempotency import HEADER as IDEMPOTENCY_KEY

_HEADERS = {
    IDEMPOTENCY_KEY: (
        "Any text that the caller chooses: a request that is repeated with the same key within 24 "
        "hours gets the first response again and has no second effect.",
        {"type": "string", "pattern": '^([!#-~]{1,255}|"[!#-~]{1,255}")$', "maxLength": 257},
        "8c9f1a52-order-1",
    ),
    CART_TOKEN: (
        "The token of a guest's cart, which the response that opened it contains; users need "
        "none for their own carts.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "kBr4oUzJg8Kbq6m1pT5nXw",
    ),
    "Prefer": (
        "`respond-async` puts the command on its queue, and the response is 202; with `wait=2`, "
        "the response is the result if the command finishes within 2 seconds (RFC 7240).",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "respond-async, wait=2",
    ),
    "Last-Event-ID": (
        "The `id` of the last event that the caller has seen; the stream starts after it.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "2",
    ),
    "If-Match": (
        "The `ETag` of the representation to change; if it is no longer current, the response is "
        "412.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "*",
    ),
    "If-None-Match": (
        "The `ETag` that the caller has; if it is still current, the response is 304 without a "
        "body.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        '"0f3b6c1d2e4a5968778695a4"',
    ),
}
_COUNTRY = {
    "name": "country",
    "description": "The country's ISO 3166-1 alpha-2 code.",
    "schema": {"type": "string", "enum": sorted(COUNTRIES)},
}
_PROVIDER = {
    "name": "provider",
    "description": "The code of the provider.",
    "schema": {"type": "string", "enum": list(PROVIDERS)},
}
_NAMED = {each["name"]: each for each in (_COUNTRY, _PROVIDER)}


def path_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the framework's parameter with a description."""
    name = parameter["name"]
    if name in _NAMED:
        return parameter | _NAMED[name]
    subject = f"id of the {name.removesuffix('_id')}" if name.endswith("_id") else name
    return parameter | {"description": f"The {subject}."}


def header_parameter(name: str) -> dict[str, Any]:
    """Return the description of a header that an operation reads."""
    description, schema, example = _HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema | {"examples": [example]},
    }


def query_parameter(
    name: str, field: dict[str, Any], *, is_required: bool = False
) -> dict[str, Any]:
    """Return the description of a query parameter, from the property of its schema."""
    # The parameter itself has no example: Swagger UI would fill it into its forms.
    field = dict(field)
    description = field.pop("description")
    alternatives = [each for each in field.pop("anyOf", ()) if each != {"type": "null"}]
    schema = {
        key: value
        for key, value in field.items()
        if key != "title" and (key, value) != ("default", None)
    }
    for each in alternatives:
        schema |= each
    return {
        "name": name,
        "in": "query",
        "required": is_required,
        "description": description,
        "schema": schema,
    }
