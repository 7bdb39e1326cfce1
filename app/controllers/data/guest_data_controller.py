"""Routes of the data of persons without an account."""

from litestar import Controller, Response, post
from litestar.params import JSONBody

from app.errors import InvalidToken
from app.schemas.data.guest_data_schema import (
    GuestDataRequest,
    GuestDataToken,
    GuestErasure,
    GuestExport,
)
from app.security.principal import Access
from app.web.rendering.responses import accepted_response, no_store_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.data import GuestData


class GuestDataController(Controller):
    """The data of persons without an account."""

    path = "/guest-data"
    tags = ["guest data"]

    @post(
        "/requests",
        status_code=202,
        summary="Request the data of an address without an account",
        opt=declared(access=Access.PUBLIC, answers=Answers.NEVER_STORED, is_throttled=True),
    )
    async def request(
        self, request: ShopRequest, data: JSONBody[GuestDataRequest], guest_data: GuestData
    ) -> Response[None]:
        """Send a token to the address, whether or not the shop knows it."""
        await guest_data.send_token(data, request.caller)
        return accepted_response()

    @post(
        "/export",
        status_code=200,
        summary="Export the data of an address without an account",
        opt=declared(
            InvalidToken, access=Access.PUBLIC, answers=Answers.NEVER_STORED, is_throttled=True
        ),
    )
    async def export(
        self, request: ShopRequest, data: JSONBody[GuestDataToken], guest_data: GuestData
    ) -> Response[GuestExport]:
        """Return all data that are stored under the address, with the token from an e-mail."""
        return no_store_response(await guest_data.export(data.token, request.caller))

    @post(
        "/erasure",
        status_code=200,
        summary="Erase the data of an address without an account",
        opt=declared(
            InvalidToken, access=Access.PUBLIC, answers=Answers.NEVER_STORED, is_throttled=True
        ),
    )
    async def erase(
        self, request: ShopRequest, data: JSONBody[GuestDataToken], guest_data: GuestData
    ) -> Response[GuestErasure]:
        """Erase the data that are stored under the address, with the token from an e-mail.

        An unfinished order is cleared when it is delivered or cancelled. All tokens of the address
        end.
        """
        return no_store_response(await guest_data.erase(data.token, request.caller))
