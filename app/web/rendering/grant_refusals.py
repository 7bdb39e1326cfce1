"""Renders refusals of the forms of OAuth 2 as its clients expect them (RFC 6749, section 5.2)."""

import logging
import re
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException

from app.errors import DomainError, InvalidInput, InvalidToken
from app.schemas.identity.auth_schema import GrantRefusal
from app.web.rendering.problems import (
    AnyRequest,
    render_domain_error,
    render_group,
    render_http_error,
)
from app.web.request import FORM
from app.web.request_state import state_of

logger = logging.getLogger(__name__)

# RFC 6749, section 5.2: the characters of a description.
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_MAX_DESCRIPTION = 1_000
_MISSING = "is required"


def render_grant_error(request: AnyRequest, error: DomainError) -> Response[bytes]:
    """Render the refusal of a form of OAuth 2; other requests and errors get a problem document."""
    refusal = _refusal_of(error)
    if refusal is None or not _is_form(request):
        return render_domain_error(request, error)
    # Refused tokens are logged by their status, which is 400 here, so this is logged separately.
    where = (request.url.path, state_of(request.scope).address)
    logger.warning("refused with %s: %r from %s", refusal.error, *where)
    return Response(refusal.to_json(), status_code=400, media_type="application/json")


def render_grant_group(request: AnyRequest, group: ExceptionGroup[Exception]) -> Response[bytes]:
    """Render an error that the framework raised into a dependency, which wraps it in a group."""
    error = group.exceptions[0]
    if isinstance(error, DomainError):
        return render_grant_error(request, error)
    return render_group(request, group)


def render_grant_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """Render an error of the framework, which refuses an empty body before a form is read."""
    if isinstance(error, ValidationException) and _is_form(request):
        return render_grant_error(request, InvalidInput("the form is empty"))
    return render_http_error(request, error)


GRANT_EXCEPTION_HANDLERS: dict[int | type[Exception], Any] = {
    DomainError: render_grant_error,
    HTTPException: render_grant_http_error,
    ExceptionGroup: render_grant_group,
}
"""The handlers of a route that takes a form of OAuth 2."""


def _is_form(request: AnyRequest) -> bool:
    return request.content_type[0].lower() == FORM


def _refusal_of(error: DomainError) -> GrantRefusal | None:
    if isinstance(error, InvalidToken):
        return GrantRefusal(error="invalid_grant", error_description=_in_ascii(error.detail))
    return _invalid(error) if isinstance(error, InvalidInput) else None


def _invalid(error: InvalidInput) -> GrantRefusal:
    faults = {
        each.get("pointer", "").removeprefix("#/"): each["detail"]
        for each in error.context.get("errors", ())
    }
    reasons = "; ".join(f"{name} {detail}" for name, detail in faults.items())
    is_other_grant = faults.get("grant_type", _MISSING) != _MISSING
    return GrantRefusal(
        error="unsupported_grant_type" if is_other_grant else "invalid_request",
        error_description=_in_ascii(reasons or error.detail),
    )


def _in_ascii(text: str) -> str:
    return _FORBIDDEN.sub("'", text)[:_MAX_DESCRIPTION]
