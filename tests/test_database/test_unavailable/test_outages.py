"""Errors are classified as outages of the database or as errors in a statement."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from app.database.outages import is_outage

READ_ONLY, LOCKED, FULL, NO_FILE, WRONG = "read-only", "locked", "full", "no file", "wrong"


class ServerError(Exception):
    """An error of PostgreSQL, as the driver raises it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    "sqlstate",
    [
        "08006",  # connection failure
        "25006",  # read-only transaction
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53100",  # disk full
        "53200",  # out of memory
        "53300",  # too many connections
        "55P03",  # lock timeout
        "57014",  # statement timeout
        "57P01",  # shutdown
        "57P02",  # crash
        "57P03",  # start
        "58030",  # input or output
    ],
)
def test_a_state_of_the_server_is_an_outage(sqlstate: str) -> None:
    assert is_outage(DBAPIError("SELECT 1", {}, ServerError(sqlstate)))


@pytest.mark.parametrize("sqlstate", ["23505", "22P02", "42601", "42P01", "25001", "55000"])
def test_an_error_in_a_statement_is_not_an_outage(sqlstate: str) -> None:
    assert not is_outage(DBAPIError("SELECT 1", {}, ServerError(sqlstate)))


def sqlite_error(kind: str, folder: Path) -> sqlite3.OperationalError:
    """Return the error of SQLite for a state of its file."""
    path = folder / "shop.db"
    with closing(sqlite3.connect(path, timeout=0)) as first:
        first.execute("CREATE TABLE numbers (n INTEGER)")
        first.commit()
        with pytest.raises(sqlite3.OperationalError) as raised:
            for _ in statements(kind, path, first):
                pass
    return raised.value


def statements(kind: str, path: Path, first: sqlite3.Connection) -> Iterator[object]:
    """Execute statements, of which the last one fails."""
    insert = "INSERT INTO numbers VALUES (1)"
    if kind == READ_ONLY:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as other:
            yield other.execute(insert)
    elif kind == LOCKED:
        first.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(path, timeout=0)) as other:
            yield other.execute(insert)
    elif kind == FULL:
        first.execute("PRAGMA max_page_count = 2")
        yield first.execute("INSERT INTO numbers VALUES (zeroblob(100000))")
    elif kind == NO_FILE:
        with closing(sqlite3.connect(path.parent / "missing" / "shop.db")) as other:
            yield other
    else:
        yield first.execute("SELECT * FROM nothing")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(READ_ONLY, True), (LOCKED, True), (FULL, True), (NO_FILE, True), (WRONG, False)],
)
def test_a_state_of_the_file_is_an_outage(kind: str, expected: bool, tmp_path: Path) -> None:
    error = sqlite_error(kind, tmp_path)
    assert is_outage(OperationalError("SELECT 1", {}, error)) is expected
