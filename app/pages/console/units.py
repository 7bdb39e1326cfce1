"""Reads the forms in which staff enters units of lines."""

from typing import TypeVar

from app.pages.forms import fields_of, nested
from app.schemas.base import Schema
from app.web.request import ShopRequest

Counted = TypeVar("Counted", bound=Schema)


def chosen_units(request: ShopRequest, kind: type[Counted]) -> Counted:
    """Return the form that was sent, without lines of 0 units.

    Raises:
        InvalidInput: the error names each wrong field, with the reason.
    """
    fields = fields_of(request)
    names = [name for name, _ in fields if name.endswith(".quantity")]
    members = nested(fields, whole=names)
    lines = [each for each in members.get("lines", []) if each.get("quantity") != 0]
    return kind.parse(members | {"lines": lines})
