"""What kinds of representation there are, and which of them a changed row shows in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import NotFound
from app.models import Base


@dataclass(frozen=True, slots=True)
class Kind:
    """What a representation is of, how long it is kept, and the refusal where there is none."""

    name: str
    seconds: float
    not_found: type[NotFound] = NotFound
    list_tag: str | None = None
    """For lists: the tag that every one of them depends on."""

    def tag(self, subject_id: UUID) -> str:
        """Return the tag of one of its kind."""
        return f"{self.name}:{subject_id}"


RowTags = Mapping[type[Base], Callable[[Any], set[str]]]
"""By table, what returns the tags of what shows a row of it."""
