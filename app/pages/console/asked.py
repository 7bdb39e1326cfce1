"""Reads the query of a page of the console."""

from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from app.schemas.base import Schema
from app.web.request import ShopRequest

Asked = TypeVar("Asked", bound=Schema)
CURSOR = "cursor"


def asked(request: ShopRequest, kind: type[Asked]) -> Asked:
    """Return the query; blank fields of a form count as absent.

    Raises:
        InvalidInput: the error names each wrong parameter, with the reason.
    """
    return kind.parse_query(pair for pair in _pairs(request) if pair[1].strip())


def filters_of(request: ShopRequest) -> dict[str, str]:
    """Return the filters of the address, without the cursor."""
    return {name: value for name, value in _pairs(request) if value.strip() and name != CURSOR}


def address_without_cursor(request: ShopRequest) -> str:
    """Return the address of the first page of a list."""
    filters = filters_of(request)
    return request.scope["path"] + (f"?{urlencode(filters)}" if filters else "")


def _pairs(request: ShopRequest) -> list[tuple[str, str]]:
    query = request.scope["query_string"].decode("latin-1")
    return parse_qsl(query, keep_blank_values=True)
