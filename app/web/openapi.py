"""Completes the framework's OpenAPI document from the schemas and from what handlers declare."""

import re
from collections.abc import Iterator
from typing import Any, cast

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.errors import (
    DomainError,
    IdempotencyKeyReused,
    InvalidInput,
    PayloadTooLarge,
    PreconditionFailed,
    RequestInProgress,
    RequestTimeout,
    Unavailable,
    UnsupportedMediaType,
)
from app.schemas.base import Schema
from app.schemas.problem_schema import Problem
from app.web.idempotency import HEADER as IDEMPOTENCY_KEY
from app.web.problems import MEDIA_TYPE

_PARAMETER = re.compile(r"{(\w+)}")
_METHODS = ("get", "post", "patch", "delete")

_SERVICES = {"users", "addresses", "products", "orders"}

_BODY_PROBLEMS = (InvalidInput, RequestTimeout, PayloadTooLarge, UnsupportedMediaType)
# With an idempotency key, a body is read where none is asked for, too.
_POST_PROBLEMS = (
    InvalidInput,
    RequestTimeout,
    PayloadTooLarge,
    RequestInProgress,
    IdempotencyKeyReused,
)

_ETAG = {"description": "The strong tag of this representation.", "schema": {"type": "string"}}
_LOCATION = {"description": "Where the new resource is.", "schema": {"type": "string"}}
_NOT_MODIFIED = {"description": "The caller has this representation.", "headers": {"ETag": _ETAG}}

References = dict[tuple[type[Schema], JsonSchemaMode], str]
"""Where the document has the description of a schema, as it comes in or as it goes out."""


def documented(
    *problems: type[DomainError],
    query: type[Schema] | None = None,
    is_health: bool = False,
) -> dict[str, Any]:
    """Return the `opt` of a route handler: what it refuses, and the parameters of its query."""
    return {"problems": problems, "query": query, "is_health": is_health}


def complete(document: dict[str, Any], app: Litestar) -> dict[str, Any]:
    """Put into the framework's document what only the schemas and the problems know.

    Pydantic's own JSON Schemas take the place of the framework's, which lack patterns and examples.
    """
    operations = list(_operations(document, app))
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
        parameter["description"] = f"The {parameter['name'].removesuffix('_id')}'s id."
    if query := handler.opt["query"]:
        definition = definitions[_name(references[query, "validation"])]
        parameters += [
            _query_parameter(name, field) for name, field in definition["properties"].items()
        ]
    parameters += [_header_parameter(name) for name in _headers(handler, method)]
    if model := _input(handler):
        reference = {"$ref": references[model, "validation"]}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference}},
        }
    success = operation["responses"][str(handler.status_code)]
    operation["responses"] = {str(handler.status_code): success}
    if model := _output(handler):
        success["description"] = str(model.__doc__)
        content = {"application/json": {"schema": {"$ref": references[model, "serialization"]}}}
        success |= {"content": content, "headers": {"ETag": _ETAG}}
        if handler.status_code == 201:
            success["headers"]["Location"] = _LOCATION
        if method == "GET":
            operation["responses"]["304"] = _NOT_MODIFIED
        if handler.opt["is_health"]:
            operation["responses"]["503"] = {
                "description": "A dependency does not answer.",
                "content": content,
            }
    operation["responses"] |= _problem_responses(
        _problems(handler, method), references[Problem, "validation"]
    )


def _problems(handler: HTTPRouteHandler, method: str) -> list[type[DomainError]]:
    problems: list[type[DomainError]] = list(handler.opt["problems"])
    problems += [InvalidInput] if handler.opt["query"] else []
    problems += _BODY_PROBLEMS if _input(handler) else ()
    problems += _POST_PROBLEMS if method == "POST" else ()
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


def _headers(handler: HTTPRouteHandler, method: str) -> list[str]:
    if method == "POST":
        return [IDEMPOTENCY_KEY]
    if method == "GET":
        return ["If-None-Match"]
    return ["If-Match"] if PreconditionFailed in handler.opt["problems"] else []


_HEADER_PARAMETERS = {
    IDEMPOTENCY_KEY: (
        "Any text of the caller's choice: repeated with the same key within 24 hours, the request "
        "is answered as it was the first time and has no second effect.",
        {"type": "string", "pattern": '^([!#-~]{1,255}|"[!#-~]{1,255}")$'},
        "8c9f1a52-order-1",
    ),
    "If-Match": (
        "The `ETag` that the change is meant for; another one is refused with 412.",
        {"type": "string"},
        "*",
    ),
    "If-None-Match": (
        "The `ETag` that the caller has; if it is still the one, the answer is 304 without a body.",
        {"type": "string"},
        '"0f3b6c1d2e4a5968778695a4"',
    ),
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
    return None if data is None else cast("type[Schema]", data.annotation)


def _output(handler: HTTPRouteHandler) -> type[Schema] | None:
    inner = handler.parsed_fn_signature.return_type.inner_types
    return cast("type[Schema]", inner[0].annotation) if inner else None


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]
