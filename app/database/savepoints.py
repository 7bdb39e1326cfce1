"""Parts of a transaction that can be undone without the rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.database.outages import is_outage
from app.errors import Conflict


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """Run a part of a transaction; an error undoes this part only.

    Raises:
        Conflict: the database refuses a statement, for example by a constraint.
    """
    try:
        async with session.begin_nested():
            yield
    except DBAPIError as error:
        if is_outage(error):
            raise
        # The driver of PostgreSQL puts the class of its error first.
        reason = str(error.orig).rpartition(">: ")[2]
        raise Conflict(f"the database refuses it: {reason}") from error
