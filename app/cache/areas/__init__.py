"""What the cache keeps of each area, and what a change of a row drops; each area has a module."""

from app.cache.areas import catalogue, identity, orders
from app.cache.kind import RowTags
from app.models import Base

KINDS = (*identity.KINDS, *catalogue.KINDS, *orders.KINDS)

_ROW_TAGS: RowTags = {**identity.ROW_TAGS, **catalogue.ROW_TAGS, **orders.ROW_TAGS}


def tags_of(row: Base) -> set[str]:
    """Return the tags of what shows a row."""
    find = _ROW_TAGS.get(type(row))
    return set() if find is None else find(row)
