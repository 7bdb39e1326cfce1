"""Completes the framework's OpenAPI document from the schemas and from what handlers declare."""

import re
from collections.abc import Iterator
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.callers import Access
from app.errors import (
    DomainError,
    Forbidden,
    IdempotencyKeyReused,
    InvalidInput,
    InvalidToken,
    PayloadTooLarge,
    PreconditionFailed,
    RequestInProgress,
    RequestTimeout,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from app.schemas.base import Schema
from app.schemas.operation_schema import OperationRead
from app.schemas.problem_schema import Problem
from app.web.idempotency import HEADER as IDEMPOTENCY_KEY
from app.web.limits import MAX_HEADER_LENGTH
from app.web.openapi_limits import bound
from app.web.problems import MEDIA_TYPE
from app.web.request import FORM

_PARAMETER = re.compile(r"{(\w+)}")
_METHODS = ("get", "post", "patch", "delete")

_SERVICES = {
    "auth",
    "accounts",
    "users",
    "privacy",
    "addresses",
    "products",
    "orders",
    "api_keys",
    "audit",
    "operations",
    "dead_letters",
    "reports",
    "shop",
}
# Either will do: a user's access token, or a machine's API key.
_SECURITY_SCHEMES = {
    "password": {
        "type": "oauth2",
        "description": "A user's log-in. Tokens are JWTs, issued and read as RFC8725 advises.",
        "flows": {
            "password": {
                "tokenUrl": "/api/v1/auth/token",
                "refreshUrl": "/api/v1/auth/refresh",
                "scopes": {},
            }
        },
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A machine's API key; it is opaque and not a JWT (RFC 8725 does not apply).",
    },
}

_BODY_PROBLEMS = (InvalidInput, RequestTimeout, PayloadTooLarge, UnsupportedMediaType)
# With an idempotency key, a body is read where none is asked for, too.
_POST_PROBLEMS = (
    InvalidInput,
    RequestTimeout,
    PayloadTooLarge,
    RequestInProgress,
    IdempotencyKeyReused,
)

_ETAG = {
    "description": "The strong tag of this representation; compressed, it is another one.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{24}(-gzip)?"$', "maxLength": 31},
}
_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_LOCATION = {
    "description": "Where the new resource is.",
    "schema": {
        "type": "string",
        "format": "uri-reference",
        # No path is longer.
        "maxLength": len(f"/api/v1/users/{_ID}/addresses/{_ID}"),
    },
}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_STANDING = {
    "RateLimit-Limit": {"description": "Requests that a minute has.", "schema": _COUNT},
    "RateLimit-Remaining": {"description": "Those that are left.", "schema": _COUNT},
    "RateLimit-Reset": {"description": "Seconds until they are all back.", "schema": _COUNT},
}
_RETRY_AFTER = {"description": "Seconds after which to try again.", "schema": _COUNT}
_WWW_AUTHENTICATE = {
    "description": "How to say who one is (RFC 6750).",
    "schema": {"type": "string", "maxLength": 100},
}
_HEADERS_OF = {
    "401": {"WWW-Authenticate": _WWW_AUTHENTICATE},
    "429": {"Retry-After": _RETRY_AFTER},
    "503": {"Retry-After": _RETRY_AFTER},
}
_APPLIED = {
    "description": "The preference that was honoured (RFC 7240).",
    "schema": {"type": "string", "const": "respond-async", "maxLength": len("respond-async")},
}
_STREAM = {
    "type": "object",
    "description": "Each server-sent event.",
    "properties": {
        "id": {"type": "string", "maxLength": 19, "description": "The operation's version."},
        "event": {"type": "string", "maxLength": 20, "description": "Its state."},
        "data": {
            "type": "string",
            "maxLength": 2**31 - 1,
            "description": "The whole of it, in JSON.",
        },
    },
    "required": ["id", "event", "data"],
}
_NOT_MODIFIED = {"description": "The caller has this representation.", "headers": {"ETag": _ETAG}}

References = dict[tuple[type[Schema], JsonSchemaMode], str]
"""Where the document has the description of a schema, as it comes in or as it goes out."""


def complete(document: dict[str, Any], app: Litestar) -> dict[str, Any]:
    """Put into the framework's document what only the schemas and the problems know.

    Pydantic's own JSON Schemas take the place of the framework's, which lack patterns and examples.
    """
    # Whoever can call the shop is meant to: it has no operation for its own use only.
    document["servers"] = [{"url": "/", "x-internal": False}]
    operations = list(_operations(document, app))
    document.setdefault("components", {})["securitySchemes"] = _SECURITY_SCHEMES
    references, definitions = _schemas([handler for handler, _ in operations])
    for handler, operation in operations:
        _complete_operation(operation, handler, references, definitions)
    _link(document["paths"])
    document["paths"] = {path: _in_order(item) for path, item in sorted(document["paths"].items())}
    queries = {
        _name(references[handler.opt["query"], "validation"])
        for handler, _ in operations
        if handler.opt["query"]
    }
    document["components"]["schemas"] = {
        name: definition for name, definition in sorted(definitions.items()) if name not in queries
    }
    bound(document)
    return document


def _operations(
    document: dict[str, Any], app: Litestar
) -> Iterator[tuple[HTTPRouteHandler, dict[str, Any]]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            item = document["paths"].get(route.path_format, {})
            for method in getattr(handler, "http_methods", ()):
                if method.lower() in item and "problems" in handler.opt:
                    yield handler, item[method.lower()]


def _in_order(item: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of a path in the order in which people look for them."""
    return {method: item[method] for method in _METHODS if method in item}


def _link(paths: dict[str, Any]) -> None:
    """Tell of everything that is created what can be done with its id."""
    for path, item in paths.items():
        created = item.get("post", {"responses": {}})["responses"].get("201")
        above = {name: f"$request.path.{name}" for name in _PARAMETER.findall(path)}
        links = {
            operation["operationId"]: {
                "operationId": operation["operationId"],
                "parameters": above | {names[-1]: "$response.body#/id"},
            }
            for other, operations in paths.items()
            if other.startswith(path + "/{")
            and len(names := _PARAMETER.findall(other)) == len(above) + 1
            for operation in operations.values()
        }
        if created is not None and links:
            created["links"] = links


def _schemas(handlers: list[HTTPRouteHandler]) -> tuple[References, dict[str, Any]]:
    models: set[tuple[type[Schema], JsonSchemaMode]] = {(Problem, "validation")}
    for handler in handlers:
        models |= {
            (model, "validation") for model in (_input(handler), handler.opt["query"]) if model
        }
        models |= {(model, "serialization") for model in (_output(handler),) if model}
    models.add((OperationRead, "serialization"))
    ordered = sorted(models, key=lambda each: (each[0].__name__, each[1]))
    found, schema = models_json_schema(ordered, ref_template="#/components/schemas/{model}")
    references = {
        (cast("type[Schema]", model), mode): each["$ref"] for (model, mode), each in found.items()
    }
    return references, schema["$defs"]


def _complete_operation(
    operation: dict[str, Any],
    handler: HTTPRouteHandler,
    references: References,
    definitions: dict[str, Any],
) -> None:
    method = next(iter(handler.http_methods))
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        parameter["description"] = _description_of(parameter["name"])
    if query := handler.opt["query"]:
        definition = definitions[_name(references[query, "validation"])]
        parameters += [
            _query_parameter(name, field) for name, field in definition["properties"].items()
        ]
    parameters += [_header_parameter(name) for name in _headers(handler, method)]
    operation["security"] = _security(handler)
    if model := _input(handler):
        reference = {"$ref": references[model, "validation"]}
        media_type = FORM if handler.opt["form"] else "application/json"
        operation["requestBody"] = {
            "required": True,
            "content": {media_type: {"schema": reference}},
        }
    success = operation["responses"][str(handler.status_code)]
    operation["responses"] = {str(handler.status_code): success}
    if model := _output(handler):
        success["description"] = str(model.__doc__)
        content = {"application/json": {"schema": {"$ref": references[model, "serialization"]}}}
        success |= {"content": content}
        success["headers"] = {} if handler.opt["is_secret"] else {"ETag": _ETAG}
        if handler.status_code in (201, 202) and not handler.opt["is_secret"]:
            success["headers"]["Location"] = _LOCATION
        if method == "GET":
            operation["responses"]["304"] = dict(_NOT_MODIFIED)
        if "health" in handler.parsed_fn_signature.parameters:
            operation["responses"]["503"] = {
                "description": "A dependency does not answer.",
                "content": content,
            }
    operation["responses"] |= _problem_responses(
        _problems(handler, method), references[Problem, "validation"]
    )
    if handler.opt["queue"]:
        operation["responses"]["202"] = _accepted(references[OperationRead, "serialization"])
    if _output(handler) is None:
        success.pop("content", None)
    if handler.opt["formats"]:
        _add_formats(operation, success, handler.opt["formats"])
    if handler.opt["is_stream"]:
        success["content"] = {"text/event-stream": {"schema": _STREAM}}
    _add_common_headers(operation["responses"], is_limited=not handler.opt["is_health"])


def _add_formats(
    operation: dict[str, Any], success: dict[str, Any], formats: tuple[str, ...]
) -> None:
    """Tell of an answer that it may be, or is, of other media types than JSON."""
    content = success.setdefault("content", {})
    for media_type in formats:
        content[media_type] = {"schema": {"type": "string", "maxLength": 2**31 - 1}}
    success.setdefault("headers", {})["ETag"] = _ETAG
    operation["responses"]["304"] = dict(_NOT_MODIFIED)


def _description_of(name: str) -> str:
    return f"The {name.removesuffix('_id')}'s id." if name.endswith("_id") else f"The {name}."


def _problems(handler: HTTPRouteHandler, method: str) -> list[type[DomainError]]:
    problems: list[type[DomainError]] = list(handler.opt["problems"])
    if handler.opt["access"] is not Access.PUBLIC:
        problems += [Unauthenticated, InvalidToken]
        problems += [Forbidden]
    problems += [] if handler.opt["is_health"] else [TooManyRequests]
    # Every GET has a header that may be too long.
    problems += [InvalidInput] if method == "GET" else []
    problems += _BODY_PROBLEMS if _input(handler) else ()
    problems += _POST_PROBLEMS if method == "POST" and not handler.opt["is_secret"] else ()
    # What needs a service of the shop needs its database; health says of itself what is down.
    problems += [Unavailable] if _SERVICES & set(handler.parsed_fn_signature.parameters) else []
    return list(dict.fromkeys(problems))


def _problem_responses(problems: list[type[DomainError]], reference: str) -> dict[str, Any]:
    by_status: dict[int, list[type[DomainError]]] = {}
    for problem in problems:
        by_status.setdefault(problem.status, []).append(problem)
    return {
        str(status): {
            "description": " ".join(f"`{each.code}`: {each.__doc__}" for each in group),
            "content": {MEDIA_TYPE: {"schema": {"$ref": reference}}},
        }
        for status, group in sorted(by_status.items())
    }


def _add_common_headers(responses: dict[str, Any], *, is_limited: bool) -> None:
    for status, response in responses.items():
        common = _STANDING if is_limited and not status.startswith("5") else {}
        headers = response.get("headers", {}) | common | _problem_headers(response, status)
        if headers:
            response["headers"] = headers


def _problem_headers(response: dict[str, Any], status: str) -> dict[str, Any]:
    return _HEADERS_OF.get(status, {}) if MEDIA_TYPE in response.get("content", {}) else {}


def _security(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    """Return what opens a route: nothing, a log-in, or an API key as well."""
    if handler.opt["access"] is Access.PUBLIC:
        return [{}]
    machines: list[dict[str, list[str]]] = [{"api_key": []}] if handler.opt["scope"] else []
    return [{"password": []}, *machines]


def _headers(handler: HTTPRouteHandler, method: str) -> list[str]:
    names = ["Prefer"] if handler.opt["queue"] else []
    if method == "POST":
        return names if handler.opt["is_secret"] else [*names, IDEMPOTENCY_KEY]
    if method == "GET":
        return ["Last-Event-ID" if handler.opt["is_stream"] else "If-None-Match"]
    return [*names, *(["If-Match"] if PreconditionFailed in handler.opt["problems"] else [])]


_HEADER_PARAMETERS = {
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


def _accepted(reference: str) -> dict[str, Any]:
    return {
        "description": "The caller preferred not to wait: the command is on its queue.",
        "content": {"application/json": {"schema": {"$ref": reference}}},
        "headers": {"Location": _LOCATION, "Preference-Applied": _APPLIED},
    }


def _header_parameter(name: str) -> dict[str, Any]:
    description, schema, example = _HEADER_PARAMETERS[name]
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": schema | {"examples": [example]},
    }


def _query_parameter(name: str, field: dict[str, Any]) -> dict[str, Any]:
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


def _input(handler: HTTPRouteHandler) -> type[Schema] | None:
    data = handler.parsed_fn_signature.parameters.get("data")
    return handler.opt["form"] if data is None else cast("type[Schema]", data.annotation)


def _output(handler: HTTPRouteHandler) -> type[Schema] | None:
    inner = handler.parsed_fn_signature.return_type.inner_types
    is_shown = bool(inner) and inner[0].annotation is not type(None)
    return cast("type[Schema]", inner[0].annotation) if is_shown else None


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
