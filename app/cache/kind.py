"""The kinds of representations, and the mapping from a changed row to its tags."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.errors import NotFound
from app.models import Base


class Kind(Struct, frozen=True):
    """A kind of representation: its name, its lifetime, and the error if it does not exist."""

    name: str
    seconds: float
    not_found: type[NotFound] = NotFound
    list_tag: str | None = None
    """The tag that every list of this kind depends on."""
    shows_prices: bool = False
    """Whether the representation changes with prices, even if no row changes."""

    def tag(self, subject_id: UUID | str) -> str:
        """Return the tag of a resource of this kind, by its id, or by the text of it."""
        return f"{self.name}:{subject_id}"


RowTags = Mapping[type[Base], Callable[[Any], set[str]]]
"""By model, the function that returns the tags of a row."""
