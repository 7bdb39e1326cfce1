"""Statements over many rows.

PostgreSQL gets the rows as one array for each column: a statement with VALUES or IN is planned
again for each number of rows, and one that is executed for each row takes both sides several times
as long.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Enum,
    String,
    Table,
    any_,
    bindparam,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql import TableValuedAlias
from sqlalchemy.types import TypeEngine

Row = Mapping[str, Any]
Shape = tuple[tuple[Table, tuple[str, ...]], ...]
MAX_SEARCHED = 100
"""The number of texts for which one statement searches: SQLite limits alternatives."""


def table_of(model: type[DeclarativeBase]) -> Table:
    """Return the table of a model."""
    return cast(Table, model.__table__)


async def insert_rows(session: AsyncSession, *parts: tuple[Table, Sequence[Row]]) -> None:
    """Add rows to tables in this order; all rows of one table have the same columns."""
    filled = [part for part in parts if part[1]]
    if not filled:
        return
    # Statements on tables and not on models, which would inspect each row again.
    connection = await session.connection()
    if connection.dialect.name == "postgresql":
        await connection.execute(_insertion(shape_of(filled)), values_of(*filled))
    else:
        for table, rows in filled:
            await connection.execute(insert(table), rows)


def shape_of(parts: Iterable[tuple[Table, Sequence[Row]]]) -> Shape:
    """Return the tables of rows and their columns, which decide the statement that adds them."""
    return tuple((table, tuple(rows[0])) for table, rows in parts)


@cache
def _insertion(shape: Shape) -> Any:
    *others, last = (insert_of(table, names) for table, names in shape)
    return last.add_cte(*(each.cte() for each in others))


def insert_of(table: Table, names: Sequence[str], **made: ColumnElement[Any]) -> Any:
    """Return PostgreSQL's statement that adds the values that `values_of` returns.

    The values of `made` are those of expressions, which are evaluated for each row.
    """
    given = arrays(table, {name: table.c[name].type for name in names})
    rows = select(given, *made.values())
    return postgresql_insert(table).from_select([*names, *made], rows)


def replacing(insertion: Any, key: Sequence[str], names: Sequence[str], where: Any = None) -> Any:
    """Return an INSERT that changes these columns of rows whose key exists already.

    With `where`, rows that do not match it stay unchanged.
    """
    changes = {name: insertion.excluded[name] for name in names}
    return insertion.on_conflict_do_update(index_elements=key, set_=changes, where=where)


def insertion_into(session: AsyncSession, table: Any) -> Any:
    """Return an INSERT of the database's dialect, which can handle rows that exist already."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    return (postgresql_insert if is_postgresql else sqlite_insert)(table)


def arrays(table: Table, types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """Return the values that `values_of` returns as a table of PostgreSQL."""
    parameters = [
        bindparam(_parameter(table, name), type_=_array(column_type))
        for name, column_type in types.items()
    ]
    return func.unnest(*parameters).table_valued(*types).render_derived()


def values_of(*parts: tuple[Table, Sequence[Row]]) -> dict[str, list[Any]]:
    """Return the values of each column of each table."""
    return {
        _parameter(table, name): [row[name] for row in rows]
        for table, rows in parts
        for name in rows[0]
    }


def _parameter(table: Table, name: str) -> str:
    # On PostgreSQL the statements are combined into one and share their parameters.
    return f"{table.name}_{name}"


def among(session: AsyncSession, column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values."""
    if session.get_bind().dialect.name != "postgresql":
        return cast(ColumnElement[bool], column.in_(values))
    return cast(ColumnElement[bool], column == any_(literal(list(values), _array(column.type))))


def among_given(dialect: str, column: Any, name: str) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values of a parameter.

    Statements with it can be built once: building one takes as long as executing it.
    """
    if dialect != "postgresql":
        return cast(ColumnElement[bool], column.in_(bindparam(name, expanding=True)))
    given = bindparam(name, type_=_array(column.type))
    return cast(ColumnElement[bool], column == any_(given))


def _array(column_type: TypeEngine[Any]) -> ARRAY[Any]:
    return ARRAY(_unbounded(column_type), dimensions=1)


def _unbounded(column_type: TypeEngine[Any]) -> TypeEngine[Any]:
    # A cast to VARCHAR(20)[] silently truncates longer texts.
    is_text = isinstance(column_type, String) and not isinstance(column_type, Enum)
    return String() if is_text else column_type
