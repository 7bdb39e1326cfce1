"""Renders every error as `application/problem+json` (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import HTTPScope, Send

from app.errors import (
    DomainError,
    InvalidInput,
    InvalidToken,
    TooManyRequests,
    Unauthenticated,
)
from app.schemas.system.problem_schema import MAX_ERRORS, MAX_WORDS
from app.services.system.idempotency_service import Answer

logger = logging.getLogger(__name__)

AnyRequest = Request[object, object, State]
MEDIA_TYPE = "application/problem+json"
_INTERNAL = {
    "type": "about:blank",
    "title": "Internal Server Error",
    "status": 500,
    "detail": "An internal error occurred.",
}


def render_domain_error(_request: AnyRequest, error: DomainError) -> Response[bytes]:
    """Render a domain error with its data and headers."""
    _release_frames(error)
    return _response(error.as_problem(), _headers(error))


def render(error: DomainError) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Render a domain error outside the framework, as status, headers and body."""
    headers = {"Content-Type": MEDIA_TYPE} | _headers(error)
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return error.status, raw, _encoded(error.as_problem())


def answer_of_refusal(error: DomainError) -> Answer:
    """Return the response of a domain error, to be stored."""
    return Answer(error.status, {"content-type": MEDIA_TYPE}, _encoded(error.as_problem()))


async def send_refusal(send: Send, error: DomainError, *, has_body: bool = True) -> None:
    """Send a domain error as the response to a request outside the framework."""
    await _send(send, *render(error), has_body=has_body)


async def send_unexpected(scope: HTTPScope, send: Send, error: Exception) -> None:
    """Send the response to an internal error outside the framework; the log has its traceback."""
    _report(scope["method"], scope["path"], error)
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    await _send(send, 500, headers, _encoded(_INTERNAL))


async def _send(
    send: Send,
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    *,
    has_body: bool = True,
) -> None:
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    content = body if has_body else b""
    await send({"type": "http.response.body", "body": content, "more_body": False})


def _report(method: str, path: str, error: Exception) -> None:
    logger.error("%s %r failed", method, path, exc_info=error)
    _release_frames(error)


def _release_frames(error: BaseException | None) -> None:
    """Release the request of an error at once: the error and its frames refer to each other.

    The garbage collector would find them only after a hundred thousand requests.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def _headers(error: DomainError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if isinstance(error, TooManyRequests):
        # The state of the exceeded limit; other limits may have requests left.
        headers |= error.headers
    if (location := error.context.get("location")) is not None:
        headers["Location"] = location
    if (seconds := error.context.get("retry_after_seconds")) is not None:
        headers["Retry-After"] = str(seconds)
    if isinstance(error, Unauthenticated):
        # RFC 6750, section 3: a request without a token gets no error code.
        reason = ', error="invalid_token"' if isinstance(error, InvalidToken) else ""
        headers["WWW-Authenticate"] = f'Bearer realm="lavka"{reason}'
    return headers


def render_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Render an error of the framework: unknown route, wrong method, invalid parameter."""
    _release_frames(error)
    if isinstance(error, ValidationException):
        return render_domain_error(
            request, InvalidInput("the request is not valid", _field_errors(error))
        )
    phrase = HTTPStatus(error.status_code).phrase
    problem = {
        "type": "about:blank",
        "title": phrase,
        "status": error.status_code,
        "detail": error.detail or phrase,
    }
    return _response(
        problem, {name.title(): value for name, value in (error.headers or {}).items()}
    )


def render_group(request: AnyRequest, group: ExceptionGroup[Exception]) -> Response[bytes]:
    """Render an error that the framework raised into a dependency, which wraps it in a group."""
    error = group.exceptions[0]
    _release_frames(group)
    if isinstance(error, DomainError):
        return render_domain_error(request, error)
    return render_unexpected(request, group)


def render_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Render an internal error without details; the log has its traceback."""
    _report(request.method, request.url.path, error)
    return _response(_INTERNAL, {})


# There is no handler for `Exception` itself: it would also catch the framework's 404 and 405.
EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    DomainError: render_domain_error,
    HTTPException: render_http_error,
    ExceptionGroup: render_group,
    500: render_unexpected,
}


def _field_errors(error: ValidationException) -> list[dict[str, str]]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [_field_error(each) for each in extra]


def _field_error(each: dict[str, Any]) -> dict[str, str]:
    key, source = str(each.get("key", "")), str(
        getattr(each.get("source"), "value", each.get("source", "body"))
    )
    if key == "data":
        return {"pointer": "#", "detail": "a JSON body is required"}
    place = {"query": "parameter", "path": "parameter", "header": "header"}.get(source, "pointer")
    return {place: key, "detail": str(each.get("message", "is not valid"))}


def _response(problem: dict[str, Any], headers: dict[str, str]) -> Response[bytes]:
    return Response(
        _encoded(problem),
        status_code=problem["status"],
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def _encoded(problem: dict[str, Any]) -> bytes:
    return msgspec.json.encode(_shortened(problem))


def _shortened(problem: dict[str, Any]) -> dict[str, Any]:
    """Return a problem within its size limits: it may quote long field names of the caller."""
    shortened = problem | {"detail": problem["detail"][:MAX_WORDS]}
    if "errors" in problem:
        shortened["errors"] = [
            {name: words[:MAX_WORDS] for name, words in each.items()}
            for each in problem["errors"][:MAX_ERRORS]
        ]
    return shortened
