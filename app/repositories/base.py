"""The base of all repositories."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import Conflict, NotFound
from app.models import Base
from app.repositories.bulk import among
from app.schemas.page_schema import MAX_TOTAL, Cursor

Row = TypeVar("Row", bound=Base)


class Repository(Generic[Row]):
    """Reads and adds the rows of one table in the session of the caller."""

    model: ClassVar[type[Any]]
    not_found: ClassVar[type[NotFound]]
    conflicts: ClassVar[dict[str, type[Conflict]]] = {}
    """Unique columns of this table, or with the name of another one, and their errors."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    def query(self) -> Select[Row]:
        """Return a query for the rows that are visible to the callers of this repository."""
        return select(self.model)

    async def get(self, row_id: UUID, *, lock: bool = False) -> Row:
        """Return a row; `lock` keeps others from changing it until the transaction ends.

        Raises:
            NotFound: no row has this id.
        """
        return await self._one(self.query().where(self.model.id == row_id), row_id, lock=lock)

    async def _one(self, query: Select[Row], row_id: UUID, *, lock: bool = False) -> Row:
        if lock:
            # `populate_existing` reads a row again that is in the session already: it may have
            # changed.
            query = query.with_for_update().execution_options(populate_existing=True)
        row = await self.session.scalar(query)
        if row is None:
            raise self.not_found.of(row_id)
        return row

    async def existing(self, ids: Collection[UUID]) -> set[UUID]:
        """Return those of the ids that belong to rows visible to callers."""
        query = self.query().with_only_columns(self.model.id)
        return set(await self.session.scalars(query.where(among(self.session, self.model.id, ids))))

    async def lock_in_id_order(self, ids: Collection[UUID]) -> None:
        """Lock rows until the transaction ends, including those hidden from callers.

        The order of the ids prevents deadlocks between transactions that lock the same rows.
        """
        await lock_rows(self.session, self.model.id, among(self.session, self.model.id, ids))

    async def free_among(self, ids: Collection[UUID], *, is_shared: bool = False) -> set[UUID]:
        """Return the rows that can be locked without waiting, for a change or only to keep them."""
        rows = await self.session.scalars(
            select(self.model.id)
            .where(among(self.session, self.model.id, ids))
            .with_for_update(skip_locked=True, read=is_shared, key_share=is_shared)
        )
        return set(rows)

    async def end_read(self) -> None:
        """End the read transaction; later statements run in another one.

        This is called after reading and before long work that needs no database.

        Raises:
            RuntimeError: the transaction is shared with the storage of an idempotent response.
        """
        if self.session.in_nested_transaction():
            raise RuntimeError("a route that ends its read transaction must not store its response")
        await self.session.rollback()

    async def add(self, row: Row) -> Row:
        """Add a row.

        Raises:
            Conflict: a unique value of the row is taken.
        """
        self.session.add(row)
        await self.flush()
        return row

    async def delete(self, row: Row) -> None:
        """Delete a row."""
        await self.session.delete(row)
        await self.flush()

    async def flush(self) -> None:
        """Flush changed rows to the database.

        Raises:
            Conflict: a unique value of a row is taken.
        """
        with self.refusing_taken():
            await self.session.flush()

    @contextmanager
    def refusing_taken(self) -> Iterator[None]:
        """Run statements that may violate a unique constraint.

        Raises:
            Conflict: a unique value of a row is taken.
        """
        try:
            yield
        except IntegrityError as error:
            for name, conflict in self.conflicts.items():
                table, _, column = name.rpartition(".")
                if _violates_unique(error, table or self.model.__tablename__, column):
                    raise conflict.of_taken(column) from error
            raise

    async def bounded_count(self, query: Select[Row]) -> int:
        """Return the number of rows, or the maximum that is counted."""
        some = query.with_only_columns(self.model.id).limit(MAX_TOTAL).subquery()
        return await self.session.scalar(select(func.count()).select_from(some)) or 0

    async def page(
        self,
        query: Select[Row],
        column: InstrumentedAttribute[Any],
        *,
        order: str,
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[Row], str | None]:
        """Return a page of rows sorted by a column, and the cursor of the next page.

        Every page takes the same time: it starts at a key in the index and not at an offset.

        Raises:
            InvalidInput: the cursor is malformed or belongs to another list.
        """
        key = tuple_(column, self.model.id)
        falls = order.startswith("-")
        if cursor is not None:
            after = Cursor.decode(cursor, order, _kind(column))
            bound = tuple_(*(_typed(column, after.value), _typed(self.model.id, after.id)))
            query = query.where(key < bound if falls else key > bound)
        by = (column.desc(), self.model.id.desc()) if falls else (column, self.model.id)
        rows = (await self.session.scalars(query.order_by(*by).limit(limit + 1))).all()
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        following = Cursor(order=order, value=getattr(last, column.key), id=getattr(last, "id"))
        return rows[:limit], following.encode()


async def lock_rows(
    session: AsyncSession, row_id: Any, condition: Any, *, keeps_key: bool = False
) -> None:
    """Lock the rows that fulfil a condition, in the order of their ids.

    With `keeps_key`, others may still add rows that refer to them.
    """
    query = select(row_id).where(condition).order_by(row_id)
    await session.execute(query.with_for_update(key_share=keeps_key))


def _kind(column: InstrumentedAttribute[Any]) -> type[str] | type[int] | type[datetime]:
    kind: type[str] | type[int] | type[datetime] = column.type.python_type
    return kind


def _typed(column: Any, value: object) -> Any:
    return literal(value, column.type)


def _violates_unique(error: IntegrityError, table: str, column: str) -> bool:
    # PostgreSQL names the constraint, SQLite the column.
    message = str(error.orig)
    return (
        f'"uq_{table}_{column}"' in message
        or f"UNIQUE constraint failed: {table}.{column}" in message
    )
