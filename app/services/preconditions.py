"""Preconditions: the check that a resource is unchanged since the caller read it."""

from app.errors import PreconditionFailed
from app.schemas.base import Schema, etag_of, variant_of


def require_match(if_match: str | None, current: Schema) -> None:
    """Require that `If-Match` names the current representation or is absent.

    RFC 9110, section 13.1.1.

    Raises:
        PreconditionFailed: it names another representation.
    """
    if if_match is None or if_match.strip() == "*":
        return
    etag = etag_of(current.to_json())
    candidates = {candidate.strip() for candidate in if_match.split(",")}
    if not candidates & {etag, variant_of(etag)}:
        raise PreconditionFailed("If-Match does not name the current representation", etag=etag)
