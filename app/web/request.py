"""The request class: it knows the caller, and refuses bodies that are not JSON."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from msgspec.structs import replace

from app.errors import InvalidInput, UnsupportedMediaType
from app.schemas.base import Schema, decode_json
from app.security.principal import Caller
from app.web.middleware.client_address import network_of
from app.web.request_state import state_of
from app.web.route_options import options_of

FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20

Form = TypeVar("Form", bound=Schema)


class ShopRequest(Request[object, object, State]):
    """A request whose body must be JSON, unless its route declares a form."""

    @property
    def caller(self) -> Caller:
        """The caller, with the network address."""
        caller: Caller = self.scope["user"]
        address, network = state_of(self.scope).address, network_of(self.scope)
        return replace(caller, address=address, network=network)

    @property
    def if_match(self) -> str | None:
        """The version that a conditional change requires (RFC 9110, section 13.1.1)."""
        return self.headers.get("if-match")

    @property
    def session_id(self) -> UUID:
        """The log-in session of the token.

        Raises:
            RuntimeError: the caller has not logged in; the route should not admit such a caller.
        """
        caller = self.caller
        if caller.session_id is None:
            raise RuntimeError(f"{caller.name} has not logged in")
        return caller.session_id

    async def json(self) -> Any:
        """Return the decoded body; a form of OAuth 2 is decoded too, if the route accepts one.

        Raises:
            UnsupportedMediaType: the `Content-Type` is not JSON; browsers send text/plain from any
                page without a CORS preflight.
            InvalidInput: the body is not valid JSON.
        """
        media_type, parameters = self.content_type
        grant = options_of(self.route_handler).grant
        if grant is not None and media_type.lower() == FORM:
            return (await self.form_of(grant)).content()
        if media_type.lower() != "application/json":
            given = media_type or "nothing"
            raise UnsupportedMediaType(f"Content-Type must be application/json, not {given}")
        if parameters.get("charset", "utf-8").strip('"').lower() not in ("utf-8", "utf8"):
            raise UnsupportedMediaType("the charset of JSON is UTF-8")
        return decode_json(await self.body())

    async def form_of(self, kind: type[Form]) -> Form:
        """Return the body as a form.

        Raises:
            UnsupportedMediaType: the `Content-Type` is not that of a form.
            InvalidInput: the body is not a valid form.
        """
        media_type, _ = self.content_type
        if media_type.lower() != FORM:
            raise UnsupportedMediaType(
                f"Content-Type must be {FORM}, not {media_type or 'nothing'}: "
                "send the fields as a form (name=value&name=value)"
            )
        return kind.parse_form(form_pairs(await self.body(), _MAX_FIELDS))


def form_pairs(body: bytes, max_fields: int) -> list[tuple[str, str]]:
    """Return the fields of a form, in their order.

    Raises:
        InvalidInput: the body is not a form, or has too many fields.
    """
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=max_fields,
        )
    except ValueError as error:
        raise InvalidInput("the body is not a valid form in UTF-8") from error
