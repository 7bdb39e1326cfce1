"""The cached representations of every area and the tags of its rows, one module per area."""

from app.cache.areas import catalogue, identity, orders
from app.cache.kind import RowTags
from app.models import Base

KINDS = (*identity.KINDS, *catalogue.KINDS, *orders.KINDS)

_ROW_TAGS: RowTags = {**identity.ROW_TAGS, **catalogue.ROW_TAGS, **orders.ROW_TAGS}


def tags_of(row: Base) -> set[str]:
    """Return the tags of the representations that contain a row."""
    find = _ROW_TAGS.get(type(row))
    return set() if find is None else find(row)
