"""The data of the stub of Stripe, in a file, so that it survives SIGKILL."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from tests.support.servers.stripe.objects import Object, new_event

_KEY_SECONDS = 24 * 60 * 60
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL,
    intent TEXT, created INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_of_kind ON objects (kind, intent, seq);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, request TEXT NOT NULL, at INTEGER NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due);
CREATE TABLE IF NOT EXISTS words (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Deliveries:
    """The events that are to be delivered."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, event: str) -> None:
        """Deliver an event as soon as possible."""
        self._connection.execute(
            "INSERT INTO deliveries (event, due) VALUES (?, ?)", (event, time.time())
        )

    def due(self, limit: int) -> list[tuple[int, str, int]]:
        """Return deliveries whose time has come: their numbers, events and attempts."""
        return self._connection.execute(
            "SELECT seq, event, attempts FROM deliveries WHERE due <= ? ORDER BY due LIMIT ?",
            (time.time(), limit),
        ).fetchall()

    def postpone(self, number: int, seconds: float) -> None:
        """Attempt a delivery again after some time."""
        self._connection.execute(
            "UPDATE deliveries SET due = ?, attempts = attempts + 1 WHERE seq = ?",
            (time.time() + seconds, number),
        )

    def forget(self, number: int) -> None:
        """Delete a delivery."""
        self._connection.execute("DELETE FROM deliveries WHERE seq = ?", (number,))

    def count(self) -> int:
        """Return the number of deliveries that are left."""
        return int(self._connection.execute("SELECT count(*) FROM deliveries").fetchone()[0])


class Books:
    """The objects, the stored responses and the events."""

    def __init__(self, file: Path) -> None:
        # Without a sync to disk: a killed process loses none of its writes.
        self._connection = sqlite3.connect(file, isolation_level=None)
        self._connection.executescript(_SCHEMA)
        self.deliveries = Deliveries(self._connection)
        self._key: str | None = None
        self._offset = int(self.word("offset") or 0)

    @contextmanager
    def transaction(self, key: str | None = None) -> Iterator[None]:
        """Write all or nothing; events name the key of the request."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._key = key
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def now(self) -> int:
        """Return the Unix time of the stub."""
        return int(time.time()) + self._offset

    def advance(self, seconds: int) -> None:
        """Move the time of the stub forward."""
        self._offset += seconds
        self.set_word("offset", str(self._offset))

    def word(self, name: str) -> str | None:
        """Return the text that was stored under a name."""
        row = self._one("SELECT value FROM words WHERE name = ?", name)
        return row[0] if row else None

    def set_word(self, name: str, value: str) -> None:
        """Store a text under a name."""
        self._connection.execute("INSERT OR REPLACE INTO words VALUES (?, ?)", (name, value))

    def put(self, body: Object) -> None:
        """Store an object, new or changed."""
        intent = body["id"] if body["object"] == "payment_intent" else body.get("payment_intent")
        self._connection.execute(
            "INSERT INTO objects (id, kind, intent, created, body) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (body["id"], body["object"], intent, body["created"], msgspec.json.encode(body)),
        )

    def get(self, kind: str, identifier: str | None) -> Object | None:
        """Return an object."""
        row = self._one("SELECT body FROM objects WHERE id = ? AND kind = ?", identifier, kind)
        return msgspec.json.decode(row[0]) if row else None

    def all(self, kind: str, intent: str | None = None) -> list[Object]:
        """Return the objects of a kind, of an intent or of all, newest first."""
        return self.page(kind, intent, since=0, before=None, limit=-1)

    def page(
        self, kind: str, intent: str | None, *, since: int, before: str | None, limit: int
    ) -> list[Object]:
        """Return objects that were created at a time or later, newest first, after another one."""
        rows = self._connection.execute(
            "SELECT body FROM objects WHERE kind = :kind AND (:intent IS NULL OR intent = :intent)"
            " AND created >= :since AND (:before IS NULL OR "
            "seq < (SELECT seq FROM objects WHERE id = :before)) ORDER BY seq DESC LIMIT :limit",
            {"kind": kind, "intent": intent, "since": since, "before": before, "limit": limit},
        )
        return [msgspec.json.decode(body) for (body,) in rows]

    def tell(self, kind: str, subject: Object) -> None:
        """Store an event about an object, to be delivered."""
        event = new_event(kind, subject, self._key, self.now())
        self.put(event)
        self.deliveries.add(event["id"])

    def answer_of(self, key: str) -> tuple[str, int, bytes] | None:
        """Return the request, the status and the response that are stored under a key."""
        oldest = self.now() - _KEY_SECONDS
        row = self._one(
            "SELECT request, status, body FROM answers WHERE key = ? AND at > ?", key, oldest
        )
        return (row[0], row[1], row[2].encode()) if row else None

    def store_answer(self, key: str, request: str, status: int, body: bytes) -> None:
        """Store the response to a request under its key."""
        self._connection.execute(
            "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)",
            (key, request, self.now(), status, body.decode()),
        )

    def _one(self, statement: str, *values: Any) -> Any:
        return self._connection.execute(statement, values).fetchone()
