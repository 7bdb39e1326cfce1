"""Reads the form of a page into a schema."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from app.errors import InvalidInput
from app.schemas.base import Schema
from app.web.request import ShopRequest
from app.web.request_state import state_of

Form = TypeVar("Form", bound=Schema)


def fields_of(request: ShopRequest) -> tuple[tuple[str, str], ...]:
    """Return the fields of the form that was sent, in their order."""
    page = state_of(request.scope).page
    return () if page is None else page.fields


def form_of(
    request: ShopRequest,
    kind: type[Form],
    *,
    whole: Collection[str] = (),
    flags: Collection[str] = (),
    blank: Mapping[str, Any] | None = None,
) -> Form:
    """Return the form that was sent; `address.city` is a member of a member.

    A blank field counts as absent, or gets the value that `blank` has for it. `whole` names fields
    of whole numbers, `flags` those of check boxes. `[n]` after a name makes a list.

    Raises:
        InvalidInput: the error names each wrong field, with the reason.
    """
    members = nested(fields_of(request), whole=whole, flags=flags, blank=blank)
    return kind.parse(members)


def nested(
    pairs: Iterable[tuple[str, str]],
    *,
    whole: Collection[str] = (),
    flags: Collection[str] = (),
    blank: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the members that fields of a form name; see `form_of`.

    Raises:
        InvalidInput: two fields contradict each other.
    """
    members: dict[str, Any] = {}
    for name, text in pairs:
        value: Any = text.replace("\r\n", "\n")
        if not text.strip():
            if blank is None or name not in blank:
                continue
            value = blank[name]
        elif name in whole and text.strip().isdecimal() and len(text) < _LONG:
            value = int(text)
        elif name in flags:
            value = text in ("on", "true")
        _put(members, name, value)
    return {name: _listed(each) for name, each in members.items()}


_LONG = 20


def _put(members: dict[str, Any], name: str, value: Any) -> None:
    *path, last = name.replace("[", ".").replace("]", "").split(".")
    place = members
    for part in path:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise _twice(name)
    if last in place:
        raise _twice(name)
    place[last] = value


def _listed(members: Any) -> Any:
    """Return members whose names are all numbers as a list, at every depth."""
    if not isinstance(members, dict):
        return members
    shown = {name: _listed(each) for name, each in members.items()}
    if shown and all(name.isdecimal() and len(name) < _LONG for name in shown):
        return [shown[name] for name in sorted(shown, key=int)]
    return shown


def _twice(name: str) -> InvalidInput:
    return InvalidInput.in_body((f"#/{name.replace('.', '/')}", "must be given once"))
