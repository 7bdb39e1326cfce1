"""The responses of the OpenAPI document, and their headers."""

from typing import Any

from litestar.handlers import HTTPRouteHandler

from app.errors import DomainError
from app.gateways.image_header import MAX_BYTES
from app.web.cart_tokens import CART_TOKEN
from app.web.rendering.problems import MEDIA_TYPE
from app.web.route_options import has_guests, options_of

_ETAG = {
    "description": "The strong entity tag; a compressed representation has a different one.",
    "schema": {"type": "string", "pattern": '^"[0-9a-f]{24}(-gzip)?"$', "maxLength": 31},
}
_ID = "0199a1b2-7c00-7d00-8e00-0123456789ab"
_LOCATION = {
    "description": "The path of the new resource.",
    "schema": {
        "type": "string",
        "format": "uri-reference",
        # This is the longest path.
        "maxLength": len(f"/api/v1/users/{_ID}/addresses/{_ID}"),
    },
}
_COUNT = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_RATE_LIMIT = {
    "RateLimit-Limit": {"description": "Requests allowed in the window.", "schema": _COUNT},
    "RateLimit-Remaining": {"description": "Requests left in the window.", "schema": _COUNT},
    "RateLimit-Reset": {"description": "Seconds until the window ends.", "schema": _COUNT},
}
_RETRY_AFTER = {"description": "Seconds to wait before a retry.", "schema": _COUNT}
_WWW_AUTHENTICATE = {
    "description": "The authentication scheme (RFC 6750).",
    "schema": {"type": "string", "maxLength": 100},
}
_CART_TOKEN = {
    "description": "The token of a guest's cart, which cannot be read again; a user needs none.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$", "maxLength": 43},
}
_HEADERS_OF = {
    "303": {"Location": _LOCATION},
    "401": {"WWW-Authenticate": _WWW_AUTHENTICATE},
    "429": {"Retry-After": _RETRY_AFTER},
    "503": {"Retry-After": _RETRY_AFTER},
}
_APPLIED = {
    "description": "The preference that was applied (RFC 7240).",
    "schema": {"type": "string", "const": "respond-async", "maxLength": len("respond-async")},
}
EVENT_STREAM = {
    "type": "object",
    "description": "A server-sent event.",
    "properties": {
        "id": {"type": "string", "maxLength": 19, "description": "The version of the operation."},
        "event": {"type": "string", "maxLength": 20, "description": "The state of the operation."},
        "data": {
            "type": "string",
            "maxLength": 2**31 - 1,
            "description": "The whole operation, in JSON.",
        },
    },
    "required": ["id", "event", "data"],
}
EXISTING = "It exists already; the response contains it, with the changes of the body."
MOVED = {
    "description": "The resource has another address now.",
    "headers": {"Location": _LOCATION},
}
NOT_MODIFIED = {"description": "The caller has this representation.", "headers": {"ETag": _ETAG}}


def success_headers(handler: HTTPRouteHandler) -> dict[str, Any]:
    """Return the headers of a successful response; a response that must not be stored has none."""
    if options_of(handler).is_secret:
        return {CART_TOKEN: _CART_TOKEN} if has_guests(handler) else {}
    return {"ETag": _ETAG} | ({"Location": _LOCATION} if handler.status_code in (201, 202) else {})


def file_contents(media_types: tuple[str, ...]) -> dict[str, Any]:
    """Return the contents of a body that is a file of one of these types."""
    schema = {"type": "string", "format": "binary", "maxLength": MAX_BYTES}
    return {media_type: {"schema": schema} for media_type in media_types}


def accepted(reference: str) -> dict[str, Any]:
    """Return the response of a command that was put on its queue."""
    return {
        "description": "The command is on its queue, as the caller preferred.",
        "content": {"application/json": {"schema": {"$ref": reference}}},
        "headers": {"Location": _LOCATION, "Preference-Applied": _APPLIED},
    }


def add_formats(
    responses: dict[str, Any], success: dict[str, Any], formats: tuple[str, ...]
) -> None:
    """Add media types to a successful response, with their `ETag` and 304."""
    content = success.setdefault("content", {})
    for media_type in formats:
        content[media_type] = {"schema": {"type": "string", "maxLength": 2**31 - 1}}
    success.setdefault("headers", {})["ETag"] = _ETAG
    responses["304"] = dict(NOT_MODIFIED)


def problem_responses(problems: list[type[DomainError]], reference: str) -> dict[str, Any]:
    """Return the responses for problems, by status; each lists all problems of its status."""
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


def add_common_headers(responses: dict[str, Any], *, is_limited: bool) -> None:
    """Add the headers that depend only on the status, not on the operation."""
    for status, response in responses.items():
        common = _RATE_LIMIT if is_limited and not status.startswith("5") else {}
        headers = response.get("headers", {}) | common | _problem_headers(response, status)
        if headers:
            response["headers"] = headers


def _problem_headers(response: dict[str, Any], status: str) -> dict[str, Any]:
    return _HEADERS_OF.get(status, {}) if MEDIA_TYPE in response.get("content", {}) else {}
