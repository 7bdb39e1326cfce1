"""Completes the framework's OpenAPI document from the schemas and from what handlers declare."""

import re
from collections.abc import Iterator
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from pydantic.json_schema import JsonSchemaMode, models_json_schema

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
from app.schemas.identity.auth_schema import GrantRefusal
from app.schemas.messaging.operation_schema import OperationRead
from app.schemas.system.health_schema import Readiness
from app.schemas.system.problem_schema import Problem
from app.security.principal import Access
from app.web.cart_tokens import CART_TOKEN
from app.web.docs.openapi_limits import bound
from app.web.docs.openapi_parameters import header_parameter, path_parameter, query_parameter
from app.web.docs.openapi_responses import (
    EVENT_STREAM,
    EXISTING,
    MOVED,
    NOT_MODIFIED,
    accepted,
    add_common_headers,
    add_formats,
    file_contents,
    problem_responses,
    success_headers,
)
from app.web.middleware.idempotency import HEADER as IDEMPOTENCY_KEY
from app.web.request import FORM
from app.web.route_options import (
    files_of,
    guarded_of,
    has_guests,
    has_options,
    is_moved,
    may_exist,
    options_of,
)

_PARAMETER = re.compile(r"{(\w+)}")
_METHODS = ("get", "post", "put", "patch", "delete")
# A user's access token, or a machine's API key.
_SECURITY_SCHEMES = {
    "password": {
        "type": "oauth2",
        "description": "The log-in of a user. Tokens are JWTs that follow RFC8725.",
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
        "description": "An API key of a machine: opaque, not a JWT; RFC 8725 does not apply.",
    },
}

_BODY_PROBLEMS = (InvalidInput, RequestTimeout, PayloadTooLarge, UnsupportedMediaType)
# With an idempotency key, a body is read even if the route has none.
_POST_PROBLEMS = (
    InvalidInput,
    RequestTimeout,
    PayloadTooLarge,
    RequestInProgress,
    IdempotencyKeyReused,
)

References = dict[tuple[type[Schema], JsonSchemaMode], str]
"""The references to schemas in the document, by model and mode (input or output)."""


def complete(document: dict[str, Any], app: Litestar) -> dict[str, Any]:
    """Add schemas, problems, parameters, headers and links to the framework's document.

    Pydantic's own JSON Schemas replace the framework's, which lack patterns and examples.
    """
    # No operation is for internal use only.
    document["servers"] = [{"url": "/", "x-internal": False}]
    operations = list(_operations(document, app))
    document.setdefault("components", {})["securitySchemes"] = _SECURITY_SCHEMES
    references, definitions = _schemas([handler for handler, _ in operations])
    for handler, operation in operations:
        _complete_operation(operation, handler, references, definitions)
    _link(document["paths"])
    document["paths"] = {path: _in_order(item) for path, item in sorted(document["paths"].items())}
    queries = {
        _name(references[query, "validation"])
        for handler, _ in operations
        if (query := options_of(handler).query)
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
                if method.lower() in item and has_options(handler):
                    yield handler, item[method.lower()]


def _in_order(item: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of a path in the order of reading, creating, changing and deleting."""
    return {method: item[method] for method in _METHODS if method in item}


def _link(paths: dict[str, Any]) -> None:
    """Link each response that creates a resource to the operations on its id."""
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
            (model, "validation")
            for model in (*_inputs(handler).values(), options_of(handler).query)
            if model
        }
        models |= {(model, "serialization") for model in (_output(handler),) if model}
    models |= {(OperationRead, "serialization"), (GrantRefusal, "serialization")}
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
    operation["parameters"] = [
        *(path_parameter(each) for each in operation.get("parameters", ())),
        *_query_parameters(handler, references, definitions),
        *map(header_parameter, _headers(handler)),
    ]
    operation["security"] = _security(handler)
    if inputs := _inputs(handler):
        content = {
            media_type: _content(references[model, "validation"])
            for media_type, model in inputs.items()
        }
        operation["requestBody"] = {"required": True, "content": content}
    if files := files_of(handler):
        operation["requestBody"] = {"required": True, "content": file_contents(files)}
    success = operation["responses"][str(handler.status_code)]
    operation["responses"] = _responses(handler, success, references)


def _query_parameters(
    handler: HTTPRouteHandler, references: References, definitions: dict[str, Any]
) -> list[dict[str, Any]]:
    if not (query := options_of(handler).query):
        return []
    definition = definitions[_name(references[query, "validation"])]
    required = definition.get("required", ())
    return [
        query_parameter(name, field, is_required=name in required)
        for name, field in definition["properties"].items()
    ]


def _responses(
    handler: HTTPRouteHandler, success: dict[str, Any], references: References
) -> dict[str, Any]:
    """Return all responses of an operation, by status; the framework's response is completed."""
    responses = {str(handler.status_code): success}
    if model := _output(handler):
        success["description"] = str(model.__doc__)
        content = {"application/json": _content(references[model, "serialization"])}
        success["content"] = content
        success["headers"] = success_headers(handler)
        if _method(handler) == "GET":
            responses["304"] = dict(NOT_MODIFIED)
        if model is Readiness:
            responses["503"] = {
                "description": "A dependency does not answer.",
                "content": content,
            }
    else:
        success.pop("content", None)
    responses |= problem_responses(_problems(handler), references[Problem, "validation"])
    if options_of(handler).grant:
        refusal = _content(references[GrantRefusal, "serialization"])
        responses["400"]["content"]["application/json"] = refusal
        responses["400"]["description"] += " A form is refused by RFC 6749, section 5.2."
    if may_exist(handler):
        headers = {name: each for name, each in success["headers"].items() if name != "Location"}
        responses["200"] = success | {"description": EXISTING, "headers": headers}
    if is_moved(handler):
        responses["301"] = dict(MOVED)
    if options_of(handler).deferral:
        responses["202"] = accepted(references[OperationRead, "serialization"])
    if options_of(handler).formats:
        add_formats(responses, success, options_of(handler).formats)
    if options_of(handler).is_stream:
        success["content"] = {"text/event-stream": {"schema": EVENT_STREAM}}
    add_common_headers(responses, is_limited=not options_of(handler).is_health)
    return responses


def _content(reference: str) -> dict[str, Any]:
    return {"schema": {"$ref": reference}}


def _method(handler: HTTPRouteHandler) -> str:
    return str(next(iter(handler.http_methods)))


def _problems(handler: HTTPRouteHandler) -> list[type[DomainError]]:
    method = _method(handler)
    problems: list[type[DomainError]] = list(options_of(handler).problems)
    if options_of(handler).access is not Access.PUBLIC or guarded_of(handler):
        problems += [Unauthenticated, InvalidToken, Forbidden]
    problems += [InvalidToken, InvalidInput] if has_guests(handler) else []
    problems += [] if options_of(handler).is_health else [TooManyRequests]
    # The lengths of the headers of GET and of conditions are limited.
    is_bounded = method == "GET" or PreconditionFailed in problems
    problems += [InvalidInput] if is_bounded else []
    problems += _BODY_PROBLEMS if _inputs(handler) else ()
    problems += _POST_PROBLEMS if method == "POST" and options_of(handler).takes_keys else ()
    # A health check reports outages itself; all other injected dependencies need the database.
    is_injected = handler.resolve_dependencies().keys() & handler.parsed_fn_signature.parameters
    problems += [Unavailable] if is_injected and not options_of(handler).is_health else []
    return list(dict.fromkeys(problems))


def _security(handler: HTTPRouteHandler) -> list[dict[str, list[str]]]:
    """Return the security requirements of a route: none, a log-in, or a log-in or an API key."""
    options = options_of(handler)
    if options.access is Access.PUBLIC:
        knows_callers = has_guests(handler) or guarded_of(handler)
        return [{}, {"password": []}, {"api_key": []}] if knows_callers else [{}]
    machines: list[dict[str, list[str]]] = [{"api_key": []}] if options.scope else []
    return [{"password": []}, *machines]


def _headers(handler: HTTPRouteHandler) -> list[str]:
    method = _method(handler)
    names = ["Prefer"] if options_of(handler).deferral else []
    names += [CART_TOKEN] if has_guests(handler) else []
    if method == "GET":
        return [*names, "Last-Event-ID" if options_of(handler).is_stream else "If-None-Match"]
    names += ["If-Match"] if PreconditionFailed in options_of(handler).problems else []
    takes_keys = method == "POST" and options_of(handler).takes_keys
    return [*names, IDEMPOTENCY_KEY] if takes_keys else names


def _inputs(handler: HTTPRouteHandler) -> dict[str, type[Schema]]:
    """Return the schemas of the body by media type."""
    data = handler.parsed_fn_signature.parameters.get("data")
    options = options_of(handler)
    json = None if data is None else cast("type[Schema]", data.annotation)
    models = {"application/json": json, FORM: options.form or options.grant}
    return {media_type: model for media_type, model in models.items() if model is not None}


def _output(handler: HTTPRouteHandler) -> type[Schema] | None:
    inner = handler.parsed_fn_signature.return_type.inner_types
    has_body = bool(inner) and inner[0].annotation is not type(None)
    return cast("type[Schema]", inner[0].annotation) if has_body else None


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
