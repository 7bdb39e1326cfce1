"""Decides by the plan of a SQLite statement whether it may run on the event loop."""

import itertools
import re
import sqlite3
from enum import Enum
from typing import Any

_MAX_READ_VALUES = 500
# An order of ten lines writes about as many values, in less than 1 ms.
_MAX_WRITTEN_VALUES = 200
# A longer text takes long to parse, which nothing can stop.
_MAX_CHARACTERS = 10_000
_MAX_KNOWN = 1_000
# How often a statement that was stopped runs in the thread before the event loop tries it again.
_SPARED_TIMES = 100

# These do much work in one step, during which nothing can stop them: triggers, virtual tables (the
# search index is one), and counts of all rows.
_LONG_STEPS = frozenset({"Program", "VOpen", "VUpdate", "Count"})
_FEW_ROWS = re.compile(
    r"SCAN \d+ CONSTANT ROWS?|(LIST|SCALAR) SUBQUERY \d+"
    r"|SEARCH \w+ USING INTEGER PRIMARY KEY \(rowid=\?\)"
)
_BY_INDEX = re.compile(r"SEARCH \w+ USING (?:COVERING )?INDEX (\w+) \((\w+=\?(?: AND \w+=\?)*)\)")
_IS_KEY = (
    "SELECT (SELECT count(*) FROM pragma_index_info(?1)) = ?2 FROM sqlite_master"
    " WHERE type = 'index' AND name = ?1 AND (sql IS NULL OR sql LIKE 'CREATE UNIQUE %')"
)


class Kind(Enum):
    """How a statement may run."""

    BEGIN = "on the event loop, unless the file is locked"
    READ = "on the event loop, until it has taken too long"
    WRITE = "on the event loop to its end"
    LONG = "in the thread"


class Kinds:
    """The kinds of statements, found from their plans and kept by their text."""

    def __init__(self) -> None:
        self._known: dict[str, Kind] = {}
        self._spared: dict[str, int] = {}
        self._asked = itertools.count()

    def of(self, connection: sqlite3.Connection, statement: str, row: Any, rows: int = 1) -> Kind:
        """Return how a statement may run with a number of rows of values; one row is given."""
        kind = self._known.get(statement)
        if kind is None:
            kind = self._learn(connection, statement, row)
        if kind is Kind.READ:
            is_long = len(row) > _MAX_READ_VALUES or self._is_spared(statement)
        else:
            # Outside of a transaction a write waits for locks and for the disk.
            is_long = kind is Kind.WRITE and (
                len(row) * rows > _MAX_WRITTEN_VALUES or not connection.in_transaction
            )
        return Kind.LONG if is_long else kind

    @property
    def known(self) -> int:
        """The number of statements whose plans are kept."""
        return len(self._known)

    def note_stopped(self, statement: str) -> None:
        """Note that a read was stopped because it took too long."""
        self._spared[statement] = _SPARED_TIMES

    def _is_spared(self, statement: str) -> bool:
        left = self._spared.pop(statement, 0)
        if left > 1:
            self._spared[statement] = left - 1
        return left > 0

    def _learn(self, connection: sqlite3.Connection, statement: str, row: Any) -> Kind:
        verb = statement[:20].strip().partition(" ")[0]
        if verb in ("CREATE", "ALTER", "DROP"):
            # Plans change with the schema.
            self._known.clear()
            return Kind.LONG
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
            self._spared.clear()
        try:
            kind = self._kind_of(connection, verb, statement, row)
        except sqlite3.Error:
            # The statement itself will meet the same error or lock.
            return Kind.LONG
        self._known[statement] = kind
        return kind

    def _kind_of(self, connection: sqlite3.Connection, verb: str, statement: str, row: Any) -> Kind:
        if statement == "BEGIN IMMEDIATE":
            return Kind.BEGIN
        if verb in ("SAVEPOINT", "RELEASE"):
            return Kind.WRITE
        if verb not in ("SELECT", "WITH", "INSERT", "UPDATE") or len(statement) > _MAX_CHARACTERS:
            return Kind.LONG
        steps = self._explain(connection, "EXPLAIN", statement, row)
        if any(name in _LONG_STEPS for _, name, *_ in steps):
            return Kind.LONG
        # The second operand is whether a transaction writes.
        if not any(name == "Transaction" and writes for _, name, _, writes, *_ in steps):
            return Kind.READ
        plan = self._explain(connection, "EXPLAIN QUERY PLAN", statement, row)
        return Kind.WRITE if all(_is_short(connection, line) for *_, line in plan) else Kind.LONG

    def _explain(
        self, connection: sqlite3.Connection, question: str, statement: str, row: Any
    ) -> list[Any]:
        # The number makes each text new. The connection keeps prepared statements by their text,
        # and SQLite does not check, as it does for other statements, whether the tables of a kept
        # EXPLAIN still exist. It would read the memory of a dropped table, and crash.
        once = f"{question} /* {next(self._asked)} */ {statement}"
        return connection.execute(once, row).fetchall()


def _is_short(connection: sqlite3.Connection, line: str) -> bool:
    """Return whether a line of a plan finds at most one row for each value."""
    if _FEW_ROWS.fullmatch(line):
        return True
    found = _BY_INDEX.fullmatch(line)
    if found is None:
        return False
    key = (found[1], found[2].count("=?"))
    return connection.execute(_IS_KEY, key).fetchall() == [(1,)]
