"""Responses from schemas, with their entity tags."""

from typing import Any, TypeVar, cast

from litestar import MediaType, Request, Response
from litestar.datastructures import State

from app.cache.cache import Found
from app.schemas.base import Schema, etag_of, variant_of
from app.schemas.messaging.operation_schema import OperationRead
from app.services.system.idempotency_service import Answer
from app.web.request_state import state_of

Document = TypeVar("Document", bound=Schema)


def json_response(
    request: Request[object, object, State], document: Document, status: int = 200
) -> Response[Document]:
    """Return a document with its tag, or 304 if the caller has it (RFC 9110, section 13.1.2)."""
    body = document.to_json()
    headers = {"ETag": etag_of(body)}
    if request.method == "GET":
        # Only the caller may store it, and must revalidate it before each use.
        headers["Cache-Control"] = "private, no-cache"
        if has_tag(request.headers.get("if-none-match"), headers["ETag"]):
            return cast("Response[Document]", Response(None, status_code=304, headers=headers))
    response = Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)
    return cast("Response[Document]", response)


def lasting_response(
    request: Request[object, object, State], document: Document
) -> Response[Document]:
    """Return a document that only another release changes, as `json_response` does."""
    response = json_response(request, document)
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def cached_response(request: Request[object, object, State], found: Found) -> Response[Any]:
    """Return a cached representation, compressed if the caller accepts it, or 304."""
    state_of(request.scope).found = found
    accept_encoding = request.headers.get("accept-encoding", "")
    answer = cached_answer(found, accept_encoding, request.headers.get("if-none-match"))
    if answer.status == 304:
        return Response(None, status_code=304, headers=answer.headers)
    return Response(answer.body, media_type=MediaType.JSON, headers=answer.headers)


def cached_answer(found: Found, accept_encoding: str, if_none_match: str | None) -> Answer:
    """Return the answer with a cached representation, without the type and length of its body."""
    shown = found.representation
    body, etag = shown.body, shown.etag
    # An uncompressed response has `Vary`, too: it depends on the accepted encodings.
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    headers["X-Cache"] = found.tier
    if shown.gzipped is not None and takes_gzip(accept_encoding):
        body, etag = shown.gzipped, variant_of(etag)
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = etag
    if has_tag(if_none_match, shown.etag):
        headers.pop("Content-Encoding", None)
        return Answer(304, headers, b"")
    return Answer(200, headers, body)


def file_response(
    request: Request[object, object, State], body: bytes, media_type: str, **headers: str
) -> Response[None]:
    """Return a file with its tag, or 304 if the caller has it."""
    headers |= {"ETag": etag_of(body), "Cache-Control": "private, no-cache"}
    if has_tag(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(None, status_code=304, headers=headers)
    response = Response(body, media_type=media_type, headers=headers)
    return cast("Response[None]", response)


def no_store_response(document: Document, status: int = 200) -> Response[Document]:
    """Return a document that must not be stored, such as tokens and keys."""
    response = Response(document.to_json(), status_code=status, media_type=MediaType.JSON)
    return cast("Response[Document]", response)


def created_response(document: Document, location: str) -> Response[Document]:
    """Return a new document with its location."""
    return cast("Response[Document]", sent_answer(answer_of_new(document, location)))


def answer_of_new(document: Schema, location: str) -> Answer:
    """Return the response to the creation of a document, to be stored or sent."""
    body = document.to_json()
    headers = {"content-type": MediaType.JSON.value, "etag": etag_of(body), "location": location}
    return Answer(201, headers, body)


def sent_answer(answer: Answer) -> Response[Any]:
    """Return a response that may have been stored."""
    headers = dict(answer.headers)
    media_type = headers.pop("content-type")
    return Response(answer.body, status_code=answer.status, media_type=media_type, headers=headers)


def operation_response(
    request: Request[object, object, State], operation: OperationRead
) -> Response[OperationRead]:
    """Return an operation that has begun, with its location."""
    response = json_response(request, operation, 202)
    response.headers["Location"] = f"/api/v1/operations/{operation.id}"
    return response


def moved_response(location: str) -> Response[None]:
    """Return an empty response that redirects permanently."""
    headers = {"Location": location, "Cache-Control": "private, no-cache"}
    return cast("Response[None]", Response(None, status_code=301, headers=headers))


def accepted_response() -> Response[None]:
    """Return an empty response for work that is done later."""
    return cast("Response[None]", Response(b"", status_code=202, media_type=MediaType.TEXT))


def has_tag(if_none_match: str | None, etag: str) -> bool:
    """Return whether the caller has a representation (RFC 9110, section 13.1.2)."""
    if if_none_match is None:
        return False
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return bool(candidates & {etag, variant_of(etag), "*"})


def takes_gzip(accept_encoding: str) -> bool:
    """Return whether a caller accepts gzip (RFC 9110, section 12.5.3)."""
    weights = {}
    for part in accept_encoding.lower().split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip()] = parameters.replace(" ", "").removeprefix("q=") or "1"
    weight = weights.get("gzip", weights.get("*", "0"))
    return weight.strip("0.") != ""
