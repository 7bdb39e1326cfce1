"""The search for a user in the bodies of messages."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute


def mentions(
    session: AsyncSession, body: InstrumentedAttribute[bytes], user_id: UUID
) -> ColumnElement[bool]:
    """Return the condition that a body contains the id of a user, in any spelling of a UUID."""
    spellings = (str(user_id), user_id.hex)
    if session.get_bind().dialect.name == "postgresql":
        letters = func.lower(func.encode(body, "escape"))
        return or_(*(letters.contains(each) for each in spellings))
    # The search is in bytes: as a text, a body would end at its first zero.
    cases = (change(each) for each in spellings for change in (str.lower, str.upper))
    return or_(*(func.instr(body, each.encode()) > 0 for each in cases))
