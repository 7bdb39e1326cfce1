"""The options of an import, and the outcome of each row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from msgspec import Struct

from app.core.calendar import ShopDays
from app.schemas.data.import_schema import Row, parse_row
from app.security.principal import Caller

SOURCE = "import"
"""The name of an import as an actor and as a source of stock."""

CALLER = Caller(SOURCE)
"""An import as the caller of services."""

Numbered = tuple[int, Mapping[str, Any]]
"""The number of a row in its file and the cells of the row by column."""


class FirstRows(dict[str, int]):
    """The unique values of a file, each with the first row that has it."""

    def __init__(self) -> None:
        super().__init__()
        self.shared: dict[str, dict[str, tuple[int, Any]]] = {}
        """The shared values of the rows of a product: the first row's value by key and column."""


Differences = dict[str, tuple[str, str]]
"""The columns in which a row differs from existing data: the current value and that of the row."""


class ImportOptions(Struct, frozen=True, kw_only=True):
    """How an import treats rows that exist, and the stock."""

    updates_existing: bool = False
    """Whether data that differ from their row are changed; otherwise the row is refused."""
    moves_stock: bool = False
    """Whether orders take their units out of the current stock."""
    announces: bool = False
    """Whether new products are announced by events; an import of a whole catalogue does not."""
    is_check: bool = False
    """Whether the transaction is rolled back in the end."""
    product_ids: Mapping[str, UUID] = {}
    """The ids of new products by SKU; any other product gets a new id."""


@dataclass(slots=True)
class Outcome:
    """The outcome of some rows: each is added, unchanged, updated or refused."""

    added: int = 0
    unchanged: int = 0
    updated: list[tuple[int, str]] = field(default_factory=list)
    """The number of each row that changed something, and the change."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """The number of each row that was not loaded, and the reason."""
    created: set[int] = field(default_factory=set, compare=False)
    """The rows that added something."""
    faults: dict[int, tuple[str, str]] = field(default_factory=dict, compare=False)
    """The column and the reason of rows that are refused for a value."""

    @property
    def row_count(self) -> int:
        """The number of all rows."""
        return self.added + self.unchanged + len(self.updated) + len(self.refused)

    def refuse(self, number: int, column: str, reason: str) -> None:
        """Add a row that is refused for the value of a column."""
        self.refused.append((number, f"{column}: {reason}"))
        self.faults[number] = (column, reason)

    def include(self, other: "Outcome") -> None:
        """Add the outcome of other rows."""
        self.added += other.added
        self.unchanged += other.unchanged
        self.updated += other.updated
        self.refused += other.refused
        self.created |= other.created
        self.faults |= other.faults


def parse_rows(
    kind: type[Row], rows: Sequence[Numbered], days: ShopDays, outcome: Outcome
) -> list[tuple[int, Row]]:
    """Return the valid rows; the others are added to the outcome as refused."""
    return parse_each([(number, kind, row) for number, row in rows], days, outcome)


def parse_each(
    rows: Iterable[tuple[int, type[Row], Mapping[str, Any]]], days: ShopDays, outcome: Outcome
) -> list[tuple[int, Row]]:
    """Return the valid rows, each of its own kind; the others are added as refused."""
    parsed: list[tuple[int, Row]] = []
    for number, kind, row in rows:
        result = parse_row(kind, row, days)
        if isinstance(result, str):
            outcome.refused.append((number, result))
        else:
            parsed.append((number, result))
    return parsed


def earlier_row(first_rows: FirstRows, value: str, number: int) -> int | None:
    """Return the earlier row of the file that has a unique value, if there is one."""
    first = first_rows.setdefault(value, number)
    return None if first == number else first


def refusal_of(differences: Differences) -> str:
    """Return why a row that differs from existing data is refused."""
    return f"{what_differs(differences)} (--update takes the file's)"


def what_differs(differences: Differences) -> str:
    """Return the columns in which a row differs from existing data."""
    found = "; ".join(
        f"{column} is {here} here, {there} in the file"
        for column, (here, there) in differences.items()
    )
    return f"is there already, and different: {found}"


def change_of(differences: Differences) -> str:
    """Return the changes of a row."""
    return "; ".join(
        f"{column}: {here} becomes {there}" for column, (here, there) in differences.items()
    )
