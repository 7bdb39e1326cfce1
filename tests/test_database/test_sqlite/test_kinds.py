"""Statements of SQLite are classified by their plan, their values and their transaction."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.database.sqlite.kinds import Kind, Kinds
from tests.support.processes import ROOT

# A program that caches the plan of a statement whose trigger writes into a table that is dropped.
_DROPPED = """
import sqlite3
from app.database.sqlite.kinds import Kinds

connection, kinds = sqlite3.connect(":memory:", isolation_level=None), Kinds()
for statement in (
    "CREATE TABLE goods (id INTEGER PRIMARY KEY)",
    "CREATE TABLE debts (id INTEGER PRIMARY KEY)",
    "CREATE TRIGGER owing AFTER INSERT ON goods BEGIN INSERT INTO debts VALUES (new.id); END",
    "INSERT INTO goods DEFAULT VALUES",
    "DROP TRIGGER owing",
    "DROP TABLE debts",
    "INSERT INTO goods DEFAULT VALUES",
):
    kind = kinds.of(connection, statement, ())
    connection.execute(statement)
connection.execute("BEGIN")
print(kinds.of(connection, statement, ()).name)
"""


@pytest.fixture(name="writing")
def writing_connection(filled: Path) -> Iterator[sqlite3.Connection]:
    """A connection in a transaction, which is rolled back."""
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def kind_of(connection: sqlite3.Connection, statement: str) -> Kind:
    """Return the kind of a statement that has not been classified before."""
    return Kinds().of(connection, statement, (1,) * statement.count("?"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM goods WHERE id = ?",
        "SELECT * FROM goods WHERE words LIKE ?",
        "SELECT shelf, count(*) FROM goods GROUP BY shelf ORDER BY 2",
        "WITH some AS (SELECT * FROM goods) SELECT * FROM some",
    ],
)
def test_a_read_may_run_on_the_loop_until_it_takes_too_long(
    writing: sqlite3.Connection, statement: str
) -> None:
    assert kind_of(writing, statement) is Kind.READ


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO goods (id, sku) VALUES (?, ?)",
        "INSERT INTO goods (id, sku) VALUES (?, ?), (?, ?), (?, ?) RETURNING id",
        "INSERT INTO goods (sku) VALUES (?) ON CONFLICT (sku) DO UPDATE SET shelf = excluded.shelf",
        "UPDATE goods SET shelf = ? WHERE id = ?",
        "UPDATE goods SET shelf = ? WHERE id IN (?, ?, ?) AND shelf > ?",
        "UPDATE goods SET shelf = ? WHERE sku = ?",
        "UPDATE stock SET pieces = pieces - ? WHERE good = ? AND place = ?",
        "UPDATE goods SET shelf = (SELECT pieces FROM stock WHERE good = ? AND place = 1)"
        " WHERE id = ?",
        "SAVEPOINT one",
        "RELEASE SAVEPOINT one",
    ],
)
def test_a_write_of_few_rows_by_their_keys_may_run_on_the_loop(
    writing: sqlite3.Connection, statement: str
) -> None:
    assert kind_of(writing, statement) is Kind.WRITE


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM goods",
        "SELECT rowid FROM found WHERE found MATCH ?",
        "UPDATE goods SET shelf = ?",
        "UPDATE goods SET shelf = ? WHERE id > ?",
        "UPDATE goods SET sku = ? WHERE shelf = ?",
        "UPDATE stock SET pieces = ? WHERE good = ?",
        "UPDATE goods SET shelf = (SELECT sum(pieces) FROM stock) WHERE id = ?",
        "UPDATE goods SET words = ? WHERE id = ?",
        "INSERT INTO goods (sku) SELECT words FROM goods",
        "INSERT INTO found (words) VALUES (?)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
        " INSERT INTO goods (id) SELECT i FROM n",
        "DELETE FROM goods WHERE id = ?",
        "COMMIT",
        "ROLLBACK",
        "ROLLBACK TO SAVEPOINT one",
        "PRAGMA wal_checkpoint",
        "CREATE TABLE more (id)",
        "ALTER TABLE goods ADD COLUMN more",
        "VACUUM",
        "nonsense",
        "",
    ],
)
def test_a_statement_that_may_take_long_and_cannot_be_stopped_runs_in_the_thread(
    writing: sqlite3.Connection, statement: str
) -> None:
    assert kind_of(writing, statement) is Kind.LONG


def test_a_transaction_may_begin_on_the_loop(writing: sqlite3.Connection) -> None:
    assert kind_of(writing, "BEGIN IMMEDIATE") is Kind.BEGIN


def test_a_write_outside_of_a_transaction_runs_in_the_thread(writing: sqlite3.Connection) -> None:
    kinds, statement = Kinds(), "UPDATE goods SET shelf = ? WHERE id = ?"
    assert kinds.of(writing, statement, (1, 1)) is Kind.WRITE
    writing.execute("ROLLBACK")
    assert kinds.of(writing, statement, (1, 1)) is Kind.LONG


def test_many_values_are_written_in_the_thread(writing: sqlite3.Connection) -> None:
    kinds, statement = Kinds(), "INSERT INTO goods (id, sku) VALUES (?, ?)"
    assert kinds.of(writing, statement, (1, "1"), 100) is Kind.WRITE
    assert kinds.of(writing, statement, (1, "1"), 101) is Kind.LONG


def test_a_search_for_many_values_runs_in_the_thread(writing: sqlite3.Connection) -> None:
    found = [f"SELECT * FROM goods WHERE id IN ({', '.join('?' * each)})" for each in (500, 501)]
    assert [kind_of(writing, each) for each in found] == [Kind.READ, Kind.LONG]


def test_a_long_text_is_parsed_in_the_thread(writing: sqlite3.Connection) -> None:
    assert kind_of(writing, f"SELECT {'1, ' * 10_000} 1") is Kind.LONG


def test_statements_are_classified_again_after_a_change_of_the_schema(
    writing: sqlite3.Connection,
) -> None:
    kinds, statement = Kinds(), "UPDATE goods SET shelf = ? WHERE words = ?"
    assert kinds.of(writing, statement, (1, 1)) is Kind.LONG
    change = "CREATE UNIQUE INDEX goods_by_words ON goods (words)"
    kinds.of(writing, change, ())
    writing.execute(change)
    assert kinds.of(writing, statement, (1, 1)) is Kind.WRITE


def test_a_statement_is_planned_again_after_its_table_was_dropped() -> None:
    # In a separate process, which an access to the dropped table ends: freed memory is overwritten.
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", _DROPPED],
        cwd=ROOT,
        env=os.environ | {"MALLOC_PERTURB_": "165"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "WRITE\n"), done.stderr


def test_a_read_that_was_stopped_runs_in_the_thread_a_hundred_times(
    writing: sqlite3.Connection,
) -> None:
    kinds, statement = Kinds(), "SELECT * FROM goods"
    kinds.note_stopped(statement)
    found = [kinds.of(writing, statement, ()) for _ in range(101)]
    assert found == [Kind.LONG] * 100 + [Kind.READ]
    assert kinds.of(writing, "SELECT * FROM stock", ()) is Kind.READ


def test_the_number_of_classified_statements_is_limited(writing: sqlite3.Connection) -> None:
    kinds = Kinds()
    for number in range(2_500):
        assert kinds.of(writing, f"SELECT {number}", ()) is Kind.READ
    assert kinds.known <= 1_000
