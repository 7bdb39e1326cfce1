"""Answers made of schemas, with their entity tags."""

from typing import TypeVar, cast

from litestar import MediaType, Request, Response
from litestar.datastructures import State

from app.schemas.base import Schema, etag_of

Document = TypeVar("Document", bound=Schema)


def show(
    request: Request[object, object, State], document: Document, status: int = 200
) -> Response[Document]:
    """Answer with a document and its tag, or with 304 if the caller has it (RFC 9110, 13.1.2)."""
    body = document.to_json()
    etag = etag_of(body)
    if request.method == "GET" and _has(request.headers.get("if-none-match"), etag):
        return cast("Response[Document]", Response(None, status_code=304, headers={"ETag": etag}))
    response = Response(body, status_code=status, media_type=MediaType.JSON, headers={"ETag": etag})
    return cast("Response[Document]", response)


def created(
    request: Request[object, object, State], document: Document, location: str
) -> Response[Document]:
    """Answer with a document that is new, and where it is from now on."""
    response = show(request, document, 201)
    response.headers["Location"] = location
    return response


def _has(if_none_match: str | None, etag: str) -> bool:
    if if_none_match is None:
        return False
    candidates = {candidate.strip().removeprefix("W/") for candidate in if_none_match.split(",")}
    return etag in candidates or "*" in candidates
