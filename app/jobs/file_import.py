"""Imports files of products, users and orders, with a progress bar."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from app.database.migrate import analyze
from app.database.savepoints import savepoint
from app.database.sessions import AsyncSession
from app.errors import DomainError, Unavailable
from app.jobs.csv_rows import UnreadableFile
from app.jobs.import_sources import Source, group_of, open_sources
from app.schemas.data.import_schema import ROW_KINDS
from app.services.data.import_outcome import FirstRows, ImportOptions, Numbered, Outcome
from app.wiring.areas.data import provide_imports
from app.wiring.resources import Shop

__all__ = ["UnreadableFile", "import_files", "import_sources", "open_all"]

_CHUNK_ROWS = 5_000

_Transaction = Callable[[], AbstractAsyncContextManager[AsyncSession]]


async def import_files(
    shop: Shop,
    paths: Sequence[Path],
    console: Console | None = None,
    options: ImportOptions = ImportOptions(),
) -> dict[Path, Outcome]:
    """Load files in the order of their dependencies; return the outcome of each.

    Raises:
        UnreadableFile: a file cannot be read; then nothing has been loaded.
    """
    return await import_sources(shop, open_all(paths), console, options)


def open_all(paths: Sequence[Path], encoding: str | None = None) -> list[Source]:
    """Open files, and return what they contain in the order of its dependencies.

    Raises:
        UnreadableFile: a file cannot be read.
    """
    order = list(ROW_KINDS)
    sources = [each for path in dict.fromkeys(paths) for each in open_sources(path, encoding)]
    return sorted(sources, key=lambda source: order.index(source.kind))


async def import_sources(
    shop: Shop, sources: Sequence[Source], console: Console | None, options: ImportOptions
) -> dict[Path, Outcome]:
    """Load rows; return the outcome of each file.

    Each chunk is a transaction of its own: an import that was interrupted can be run again, and
    continues. A check is one transaction, which is rolled back.
    """
    outcomes: dict[Path, Outcome] = {source.path: Outcome() for source in sources}
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
    )
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console
    ) as progress:
        async with _transactions(shop, options) as transaction:
            for source in sources:
                task = progress.add_task(source.kind, total=source.row_count)
                outcome = Outcome()
                load = _Load(shop, source.kind, options)
                for chunk in _chunks(source, outcome):
                    load.first_rows.shared.clear()
                    async with transaction() as session:
                        outcome.include(await load.chunk(session, chunk))
                    progress.advance(task, len(chunk))
                progress.update(task, completed=source.row_count)
                outcome.updated.sort()
                outcome.refused.sort()
                outcomes[source.path].include(outcome)
    if not options.is_check:
        # Statements that are planned without statistics can take many times as long.
        await analyze(shop.database)
    return outcomes


@asynccontextmanager
async def _transactions(shop: Shop, options: ImportOptions) -> AsyncIterator[_Transaction]:
    """Return what opens a transaction for each chunk: a new one, or that of a whole check."""
    if not options.is_check:
        yield shop.database.write
        return
    async with shop.database.rehearse() as session:
        yield lambda: nullcontext(session)


class _Load:
    """Loads the rows of one file."""

    def __init__(self, shop: Shop, kind: str, options: ImportOptions) -> None:
        self._shop = shop
        self._kind = kind
        self._options = options
        self.first_rows = FirstRows()

    async def chunk(self, session: AsyncSession, rows: Sequence[Numbered]) -> Outcome:
        """Load rows together; if that fails, load them in halves, to find the faulty row."""
        try:
            async with savepoint(session):
                return await self._add(session, rows)
        except Unavailable:
            raise
        except DomainError as refusal:
            halves = self._halves(rows)
            if len(halves) == 1:
                return Outcome(refused=[(number, _reason_of(refusal)) for number, _ in rows])
        outcome = Outcome()
        for half in halves:
            outcome.include(await self.chunk(session, half))
        return outcome

    async def _add(self, session: AsyncSession, rows: Sequence[Numbered]) -> Outcome:
        imports = provide_imports(session, self._shop, self._options)
        if self._kind == "products":
            return await imports.add_products(rows, self.first_rows)
        if self._kind == "users":
            return await imports.add_users(rows, self.first_rows)
        return await imports.add_orders(rows)

    def _halves(self, rows: Sequence[Numbered]) -> list[Sequence[Numbered]]:
        """Return the rows in two parts, which keep rows that belong together if possible.

        Orders are never divided. A further variant of a product can be refused by itself.
        """
        middle = len(rows) // 2
        places = sorted(range(1, len(rows)), key=lambda place: abs(place - middle))
        for place in places:
            before, after = (group_of(self._kind, rows[each][1]) for each in (place - 1, place))
            if before is None or before != after:
                return [rows[:place], rows[place:]]
        if self._kind == "orders" or not places:
            return [rows]
        return [rows[: places[0]], rows[places[0] :]]


def _reason_of(refusal: DomainError) -> str:
    errors: list[dict[str, str]] = refusal.context.get("errors", [])
    reasons = [f"{each['pointer'].removeprefix('#/')}: {each['detail']}" for each in errors]
    return "; ".join(reasons) or refusal.detail


def _chunks(source: Source, outcome: Outcome) -> Iterator[Sequence[Numbered]]:
    """Yield the rows in parts; rows that belong together are in one part."""
    if not source.is_grouped:
        rows = source.read()
        while chunk := list(islice(rows, _CHUNK_ROWS)):
            yield chunk
        return
    chunk = []
    for whole in _groups(source, outcome):
        if chunk and len(chunk) + len(whole) > _CHUNK_ROWS:
            yield chunk
            chunk = []
        chunk += whole
    if chunk:
        yield chunk


def _groups(source: Source, outcome: Outcome) -> Iterator[list[Numbered]]:
    """Yield the groups of rows that belong together; the separate rows of a product come last."""
    apart: dict[Any, list[Numbered]] = {}
    for group, numbered in groupby(
        source.read(), key=lambda numbered: group_of(source.kind, numbered[1])
    ):
        whole = list(numbered)
        if str(group) not in source.torn:
            yield whole if source.kind == "orders" else _first_first(group, whole)
        elif source.kind == "orders":
            reason = f"order {group}: its rows are not adjacent"
            outcome.refused += [(number, reason) for number, _ in whole]
        else:
            apart.setdefault(group, []).extend(whole)
    for group, whole in apart.items():
        yield _first_first(group, whole)


def _first_first(group: Any, rows: list[Numbered]) -> list[Numbered]:
    """Return the rows of a product with that of its first variant first."""
    return sorted(rows, key=lambda numbered: numbered[1].get("sku") != group)
