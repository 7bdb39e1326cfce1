"""Distinguishes an outage of the database from an error in a statement."""

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Unavailable

logger = logging.getLogger(__name__)

# PostgreSQL's states while it starts, stops, recovers, is full, rejects a log-in or cancels a
# statement at its time limit.
_OUTAGE_SQLSTATE_CLASSES = ("08", "28", "3D", "53", "57", "58")
_TRANSIENT_SQLSTATES = ("40001", "40P01", "55P03")


def is_outage(error: BaseException) -> bool:
    """Return whether an error is an outage of the database and not an error in a statement."""
    if isinstance(error, (PoolTimeout, ConnectionError, TimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError)
    if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        # SQLite reports an invalid statement as an operational error, too.
        return False
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in _OUTAGE_SQLSTATE_CLASSES or state in _TRANSIENT_SQLSTATES
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def is_database_error(error: BaseException) -> bool:
    """Return whether an error was raised by the database or its libraries."""
    return isinstance(error, SQLAlchemyError)


def outage_reason(error: Unavailable) -> str:
    """Return the driver's message about an outage, without the additions of SQLAlchemy."""
    cause = error.__cause__
    return str(getattr(cause, "orig", None) or cause or error)


@asynccontextmanager
async def outages() -> AsyncIterator[None]:
    """Turn an outage of the database into a domain error.

    Raises:
        Unavailable: the database does not answer, or the transaction had a conflict.
    """
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        if not is_outage(error):
            raise
        logger.warning("the database does not answer: %s", error)
        raise Unavailable(
            "the database does not answer, try again", retry_after_seconds=1
        ) from error
