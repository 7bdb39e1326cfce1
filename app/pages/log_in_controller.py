"""The pages to log in and to log out."""

from litestar import Controller, Response, get, post

from app.errors import InvalidCredentials, TooManyRequests
from app.pages.forms import form_of
from app.pages.problems import LOG_IN
from app.pages.rendering import HTML, page, see
from app.pages.storefront.current_cart import logged_in
from app.schemas.identity.auth_schema import TokenRequest
from app.security.principal import Access
from app.web.middleware.page_paths import is_page
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.carts import Claims
from app.wiring.areas.identity import Auth


class LogInController(Controller):
    """Log-ins of browsers."""

    include_in_schema = False

    @get(LOG_IN, opt=declared(access=Access.PUBLIC, formats=(HTML,)))
    async def show(self, request: ShopRequest) -> Response[bytes]:
        """Show the form to log in."""
        return page(request, "log_in.html", next=_next_of(request))

    @post(
        LOG_IN,
        opt=declared(
            InvalidCredentials,
            TooManyRequests,
            access=Access.PUBLIC,
            answers=Answers.NEVER_STORED,
            is_throttled=True,
        ),
    )
    async def log_in(
        self, request: ShopRequest, auth: Auth, cart_claims: Claims
    ) -> Response[bytes]:
        """Log in, claim the cart of the guest, and redirect to the requested page."""
        entered = form_of(request, TokenRequest)
        agent = request.headers.get("user-agent", "")
        started = await auth.log_in_browser(entered, request.caller, agent)
        return await logged_in(request, started, cart_claims, _next_of(request))

    @post(
        "/log-out",
        opt=declared(access=Access.CUSTOMER, answers=Answers.NEVER_STORED, changes_rights=True),
    )
    async def log_out(self, request: ShopRequest, auth: Auth) -> Response[bytes]:
        """End the log-in of this browser."""
        await auth.log_out(request.caller, request.session_id)
        response = see("/")
        response.cookies = [request.app.state.cookies.of_log_in(None)]
        return response


def _next_of(request: ShopRequest) -> str:
    """Return the requested page of the shop, or the first page."""
    address = request.query_params.get("next", "")
    # `//host` and `/\\host` are addresses on another host for a browser.
    is_own = address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()
    return address if is_own and is_page(address.partition("?")[0]) else "/"
