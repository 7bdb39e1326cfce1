"""The parameters of the OpenAPI document: in the path, in the query and in headers."""

from typing import Any

from app.web.middleware.body_limits import MAX_HEADER_LENGTH
from app.web.middleware.idempotency import HEADER as IDEMPOTENCY_KEY

_HEADERS = {
    IDEMPOTENCY_KEY: (
        "Any text of the caller's choice: repeated with the same key within 24 hours, the request "
        "is answered as it was the first time and has no second effect.",
        {"type": "string", "pattern": '^([!#-~]{1,255}|"[!#-~]{1,255}")$', "maxLength": 257},
        "8c9f1a52-order-1",
    ),
    "Prefer": (
        "`respond-async` puts the command on its queue and answers 202; with `wait=2`, what came "
        "of it within so many seconds is the answer after all (RFC 7240).",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "respond-async, wait=2",
    ),
    "Last-Event-ID": (
        "The `id` of the last event that the caller has seen; the ones up to it are left out.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "2",
    ),
    "If-Match": (
        "The `ETag` that the change is meant for; another one is refused with 412.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        "*",
    ),
    "If-None-Match": (
        "The `ETag` that the caller has; if it is still the one, the answer is 304 without a body.",
        {"type": "string", "maxLength": MAX_HEADER_LENGTH},
        '"0f3b6c1d2e4a5968778695a4"',
    ),
}


def path_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the framework's parameter with a description."""
    name = parameter["name"]
    words = f"{name.removesuffix('_id')}'s id" if name.endswith("_id") else name
    return parameter | {"description": f"The {words}."}


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


def query_parameter(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a query parameter, from the property of its schema."""
    # An example of a parameter, unlike one of its schema, is filled into the forms at `/docs`.
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
        "required": False,
        "description": description,
        "schema": schema,
    }
