"""Pages of lists, and the cursors between them."""

import base64
import json
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from app.errors import InvalidInput
from app.schemas.base import Schema, unchanged
from app.schemas.fields import DIGITS

_CURSOR = (
    "WyItY3JlYXRlZF9hdCIsIjIwMjYtMDEtMzFUMTI6MDA6MDArMDA6MDAiLCIwMTk5YTFiMjdj"
    "MDA3ZDAwOGUwMDAxMjM0NTY3ODlhYiJd"
)
# The longest text in a cursor is a name: 200 characters of up to 4 bytes.
CURSOR_LENGTH = 1500
MAX_ITEMS = 100
"""The maximum page size."""
MAX_TOTAL = 10_000
"""The number to which a list is counted, so that the cost of a count is limited."""

Limit = Annotated[int, Field(ge=1, le=MAX_ITEMS), DIGITS]
Next = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=CURSOR_LENGTH)] | None
"""The cursor of the next page."""


def cursor_like(example: str) -> Any:
    """Declare the cursor of a list, with one as an example."""
    return Field(
        default=None,
        max_length=CURSOR_LENGTH,
        description="`next` of the previous page; absent for the first page.",
        examples=[example],
    )


def cursor_at(order: str, value: str | int) -> Any:
    """Declare the cursor of a list in an order, with one at a value as an example."""
    example = UUID("0199a1b2-7c00-7d00-8e00-0123456789ab")
    return cursor_like(Cursor(order=order, value=value, id=example).encode())


class PageQuery(Schema):
    """The parameters of a page of a list."""

    limit: Limit = Field(
        default=20, description="The maximum number of items to return.", examples=[20]
    )
    cursor: str | None = cursor_like(_CURSOR)

    @property
    def order(self) -> str:
        """The order of the list, to which a cursor is bound; a leading `-` means descending."""
        return self.default_order

    default_order: ClassVar[str] = "-created_at"


class CountedQuery(PageQuery):
    """The parameters of a page of a list that can be counted."""

    count: Literal["true", "false"] = Field(
        default="false",
        description="With `true`, `total` says how many items all pages have, up to "
        f"{MAX_TOTAL:,}; counting costs more than the page.",
        examples=["true"],
    )

    @property
    def is_counted(self) -> bool:
        """Whether the number of all items is requested."""
        return self.count == "true"


class CountedPage(Schema):
    """A page that has the number of all items, if it was requested."""

    total: Annotated[int, Field(ge=0, le=MAX_TOTAL)] = unchanged(
        description=f"The number of items of all pages, with `count=true`; {MAX_TOTAL} also means "
        f"more.",
        examples=[134],
    )

    def to_json(self) -> bytes:
        """Return the page as JSON, without a total that was not requested."""
        unwanted = None if "total" in self.model_fields_set else {"total"}
        return self.model_dump_json(by_alias=True, exclude=unwanted).encode()


class Cursor(Schema):
    """The end of a page: the order of the list, the last value and the last id."""

    order: str
    value: str | int | datetime
    id: UUID

    def encode(self) -> str:
        """Return the cursor as an opaque string that is safe in a URL."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        parts = [self.order, value, self.id.hex]
        packed = json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
        return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")

    @classmethod
    def decode(
        cls, text: str, order: str, kind: type[str] | type[int] | type[datetime]
    ) -> "Cursor":
        """Return the cursor that a string encodes.

        Raises:
            InvalidInput: the string is not a cursor of this list, or belongs to another order.
        """
        try:
            packed = base64.b64decode(
                text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True
            )
            parts: Any = json.loads(packed)
            cursor_order, value, last_id = parts
            if cursor_order != order:
                raise InvalidInput.in_query("cursor", "belongs to a list in another order")
            # The exact type is compared, because a bool is also an int.
            if type(value) is not (  # pylint: disable=unidiomatic-typecheck
                str if kind is datetime else kind
            ):
                raise ValueError(value)
            moment = datetime.fromisoformat(str(value)) if kind is datetime else value
            if not _is_storable(moment):
                raise ValueError(value)
            return cls(order=order, value=moment, id=UUID(last_id))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidInput.in_query("cursor", "is not a cursor of this list") from error


def _is_storable(value: object) -> bool:
    """Return whether a column can store it: UTC, a BIGINT, text without NUL and lone surrogates."""
    if isinstance(value, datetime):
        return value.utcoffset() == timedelta(0)
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63
