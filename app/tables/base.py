"""The base of all tables: the registry, column types, and enumerations stored by value."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, MetaData, TypeDecorator, inspect
from sqlalchemy.orm import DeclarativeBase, mapped_column

__all__ = ["AmountOrZero", "Base", "UtcDateTime", "changes_of"]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """The Python type of the values."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert an aware datetime to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add UTC to the datetimes that SQLite returns without a time zone."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


AmountOrZero = Annotated[int, mapped_column(BigInteger, default=0, server_default="0")]
"""An amount that rows from before its column do not have."""


def _values(members: type[StrEnum]) -> list[str]:
    return [member.value for member in members]


class Base(DeclarativeBase):
    """The registry of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        int: BigInteger(),
        # Every enumeration of an area, stored by value in a VARCHAR: a native enum would need a
        # migration outside a transaction.
        StrEnum: Enum(StrEnum, values_callable=_values, native_enum=False, length=20),
        dict[str, Any]: JSON(),
    }


def changes_of(row: Base) -> dict[str, Any]:
    """Return the changed columns of a row with their values before, or None where not loaded."""
    histories = {each.key: each.history for each in inspect(row).attrs}
    return {
        name: history.deleted[0] if history.deleted else None
        for name, history in histories.items()
        if history.has_changes()
    }
