"""Requests of a known caller, whose bodies are JSON, or refused."""

from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request
from litestar.datastructures import State

from app.errors import InvalidInput, UnsupportedMediaType
from app.schemas.base import Schema, decode_json
from app.security.principal import Caller
from app.web.request_state import state_of

FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20

Form = TypeVar("Form", bound=Schema)


class ShopRequest(Request[object, object, State]):
    """A request that takes no other body than JSON, unless its route asks for a form."""

    @property
    def caller(self) -> Caller:
        """Who sends it, and from where."""
        caller: Caller = self.scope["user"]
        return replace(caller, address=state_of(self.scope).address)

    @property
    def if_match(self) -> str | None:
        """The version that a change is meant for, if it says so (RFC 9110, section 13.1.1)."""
        return self.headers.get("if-match")

    @property
    def session_id(self) -> UUID:
        """The log-in that its token belongs to.

        Raises:
            RuntimeError: a caller whom no route for persons should have let through.
        """
        caller = self.caller
        if caller.session_id is None:
            raise RuntimeError(f"{caller.name} has not logged in")
        return caller.session_id

    async def json(self) -> Any:
        """Return the decoded body.

        Raises:
            UnsupportedMediaType: the body is not JSON by its `Content-Type`; as text/plain a
                browser would send it to us from any page, without asking.
            InvalidInput: it is not JSON by its content.
        """
        media_type, parameters = self.content_type
        if media_type.lower() != "application/json":
            given = media_type or "nothing"
            raise UnsupportedMediaType(f"Content-Type must be application/json, not {given}")
        if parameters.get("charset", "utf-8").strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("the charset of JSON is UTF-8")
        return decode_json(await self.body())

    async def form_of(self, kind: type[Form]) -> Form:
        """Return the form that the body is.

        Raises:
            UnsupportedMediaType: the body is not a form by its `Content-Type`.
            InvalidInput: it is not one by its content.
        """
        media_type, _ = self.content_type
        if media_type.lower() != FORM:
            raise UnsupportedMediaType(
                f"Content-Type must be {FORM}, not {media_type or 'nothing'}"
            )
        try:
            text = (await self.body()).decode("ascii")
            pairs = parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
            )
        except ValueError as error:
            raise InvalidInput("the body is not a valid form in UTF-8") from error
        return kind.parse_form(pairs)
