"""Distinguishes an outage of the database from an error in a statement."""

import logging
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.database.pools import LOCK_NOT_AVAILABLE, READ_ONLY, TOO_MANY_CONNECTIONS
from app.errors import Unavailable

logger = logging.getLogger(__name__)

# PostgreSQL's states while it starts, stops, recovers, is full, rejects a log-in or cancels a
# statement at its time limit.
_OUTAGE_SQLSTATE_CLASSES = ("08", "28", "3D", "53", "57", "58")
# Serialization failure, deadlock, a lock that was not released in time, and no connection left.
_CONFLICTS = ("40001", "40P01", LOCK_NOT_AVAILABLE, TOO_MANY_CONNECTIONS)
# A server is read-only if it is a replica after a failover, or a managed one whose disk is full.
_OUTAGE_SQLSTATES = (*_CONFLICTS, READ_ONLY)
_DETAILS = {
    LOCK_NOT_AVAILABLE: "something that this needs is locked",
    READ_ONLY: "the database is read-only",
}
# The file of SQLite is damaged, or is not a database of SQLite.
_SQLITE_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# SQLite puts the details of a code into its higher bits.
_SQLITE_PRIMARY = 0xFF


def is_outage(error: BaseException) -> bool:
    """Return whether an error is an outage of the database and not an error in a statement."""
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        # SQLite reports an invalid statement as an operational error, too.
        return False
    if _is_damaged(error.orig):
        return True
    if (state := _sqlstate_of(error)) is not None:
        return state[:2] in _OUTAGE_SQLSTATE_CLASSES or state in _OUTAGE_SQLSTATES
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def is_database_error(error: BaseException) -> bool:
    """Return whether an error was raised by the database or its libraries."""
    return isinstance(error, SQLAlchemyError)


def is_lock_timeout(error: Unavailable) -> bool:
    """Return whether an outage is only that a lock was not released in time."""
    cause = error.__cause__
    is_busy = _primary_code_of(getattr(cause, "orig", None)) == sqlite3.SQLITE_BUSY
    return is_busy or _sqlstate_of(cause) == LOCK_NOT_AVAILABLE


def is_conflict(error: Unavailable) -> bool:
    """Return whether a transaction certainly had no effect, because of a conflict with others."""
    return _sqlstate_of(error.__cause__) in _CONFLICTS


def outage_reason(error: Unavailable) -> str:
    """Return the driver's message about an outage, without the text that SQLAlchemy adds."""
    cause = error.__cause__
    original = getattr(cause, "orig", None)
    if _is_damaged(original):
        return f"{original}; restore a backup, or choose another folder with DATA_DIR"
    if isinstance(cause, socket.gaierror):
        return (
            f"{cause.strerror}; if DB_HOST is a name inside the containers, use "
            "docker compose exec web lavka, or DB_HOST=localhost and DB_PORT=5433"
        )
    return str(original or cause or error)


def _is_damaged(error: BaseException | None) -> bool:
    return _primary_code_of(error) in _SQLITE_DAMAGE


def _primary_code_of(error: BaseException | None) -> int | None:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & _SQLITE_PRIMARY


@asynccontextmanager
async def outages() -> AsyncIterator[None]:
    """Turn an outage of the database into a domain error.

    Raises:
        Unavailable: the database does not answer, is read-only or locked, or the transaction had a
            conflict.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if not is_outage(error):
            raise
        what = _DETAILS.get(_sqlstate_of(error) or "", "the database does not answer")
        logger.warning("%s: %s", what, error)
        raise Unavailable(f"{what}, try again", retry_after_seconds=1) from error


def _sqlstate_of(error: BaseException | None) -> str | None:
    """Return PostgreSQL's state of an error, or None if it has none."""
    state: str | None = getattr(getattr(error, "orig", None), "sqlstate", None)
    return state
