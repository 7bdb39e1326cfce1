"""Enumerations with the members that the areas register."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetPydanticSchema

from app.security.areas import AUDITED, SCOPES
from app.security.audited import Audited
from app.security.principal import Scope


def _any_of(base: Any, members: Iterable[StrEnum]) -> GetPydanticSchema:
    """Return the schema of an enumeration with the members of all areas.

    An enumeration with members cannot have subclasses, and Pydantic rejects an enumeration without
    members.
    """
    closed = base(base.__name__, {each.name: each.value for each in members})
    closed.__doc__ = base.__doc__
    return GetPydanticSchema(lambda _source, handler: handler(closed))


AnyScope = Annotated[Scope, _any_of(Scope, SCOPES)]
AnyAudited = Annotated[Audited, _any_of(Audited, AUDITED)]
