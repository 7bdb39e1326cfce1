"""The responses of the OpenAPI document, and the headers that come with them."""

from typing import Any

from litestar.handlers import HTTPRouteHandler

from app.errors import DomainError
from app.web.rendering.problems import MEDIA_TYPE
from app.web.route_options import options_of

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
EVENT_STREAM = {
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
NOT_MODIFIED = {"description": "The caller has this representation.", "headers": {"ETag": _ETAG}}


def success_headers(handler: HTTPRouteHandler) -> dict[str, Any]:
    """Return the headers of a document that is shown; one that is kept nowhere has none."""
    if options_of(handler).is_secret:
        return {}
    return {"ETag": _ETAG} | ({"Location": _LOCATION} if handler.status_code in (201, 202) else {})


def accepted(reference: str) -> dict[str, Any]:
    """Return the response of a command that was put on its queue."""
    return {
        "description": "The caller preferred not to wait: the command is on its queue.",
        "content": {"application/json": {"schema": {"$ref": reference}}},
        "headers": {"Location": _LOCATION, "Preference-Applied": _APPLIED},
    }


def add_formats(
    responses: dict[str, Any], success: dict[str, Any], formats: tuple[str, ...]
) -> None:
    """Tell of an answer that it may be, or is, of other media types than JSON."""
    content = success.setdefault("content", {})
    for media_type in formats:
        content[media_type] = {"schema": {"type": "string", "maxLength": 2**31 - 1}}
    success.setdefault("headers", {})["ETag"] = _ETAG
    responses["304"] = dict(NOT_MODIFIED)


def problem_responses(problems: list[type[DomainError]], reference: str) -> dict[str, Any]:
    """Return the responses that refuse, by status: each names all problems that it may be."""
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
    """Add the headers that responses of a status have whatever the operation is."""
    for status, response in responses.items():
        common = _STANDING if is_limited and not status.startswith("5") else {}
        headers = response.get("headers", {}) | common | _problem_headers(response, status)
        if headers:
            response["headers"] = headers


def _problem_headers(response: dict[str, Any], status: str) -> dict[str, Any]:
    return _HEADERS_OF.get(status, {}) if MEDIA_TYPE in response.get("content", {}) else {}
