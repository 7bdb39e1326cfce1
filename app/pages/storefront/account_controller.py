"""The pages of a user: registration, orders, addresses and personal data."""

from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, QueryParams

from app.errors import (
    AddressNotFound,
    CountryNotFound,
    EmailTaken,
    InvoiceNotFound,
    LastAdmin,
    TooManyAddresses,
    UsernameTaken,
)
from app.pages.forms import form_of
from app.pages.rendering import HTML, document_of, page, see
from app.pages.storefront.countries import country_values
from app.pages.storefront.current_cart import logged_in
from app.schemas.identity.user_schema import AddressChange, AddressCreate, UserCreate
from app.schemas.orders.order_schema import OrderQuery
from app.security.principal import Access
from app.web.rendering.invoice_answers import PDF, invoice_file
from app.web.rendering.responses import file_response
from app.web.request import ShopRequest
from app.web.route_options import Answers, declared
from app.wiring.areas.carts import Claims
from app.wiring.areas.data import Privacy
from app.wiring.areas.identity import Addresses, AddressFormats, Auth, Users
from app.wiring.areas.invoices import Books as Invoices
from app.wiring.areas.orders import Orders

_JSON = "application/json"
_FLAGS = ("is_primary", "is_default_billing")
# Fields that are empty in the form are emptied in the address.
_BLANK = {name: "" for name in ("recipient", "company", "line2", "region", "postal_code", "phone")}


class RegistrationController(Controller):
    """New users."""

    path = "/register"
    include_in_schema = False

    @get(opt=declared(access=Access.PUBLIC, formats=(HTML,)))
    async def show(self, request: ShopRequest) -> Response[bytes]:
        """Show the form to register."""
        return page(request, "storefront/register.html")

    @post(
        opt=declared(
            EmailTaken,
            UsernameTaken,
            access=Access.PUBLIC,
            answers=Answers.NEVER_STORED,
            is_throttled=True,
        )
    )
    async def register(
        self, request: ShopRequest, users: Users, auth: Auth, cart_claims: Claims
    ) -> Response[bytes]:
        """Add and log in a customer, who takes over the cart of the guest."""
        user = await users.register(form_of(request, UserCreate))
        agent = request.headers.get("user-agent", "")
        started = await auth.log_in_registered(user.id, request.caller, agent)
        return await logged_in(request, started, cart_claims, "/account")


class AccountController(Controller):
    """The account of a user."""

    path = "/account"
    include_in_schema = False

    @get(opt=declared(access=Access.CUSTOMER, formats=(HTML,)))
    async def show(
        self,
        request: ShopRequest,
        query: QueryParams,
        users: Users,
        orders: Orders,
        addresses: Addresses,
    ) -> Response[bytes]:
        """Show the orders and the addresses of the user."""
        caller = request.caller
        pairs = [pair for pair in query.multi_items() if pair[0] == "cursor"]
        asked = OrderQuery.parse_query([*pairs, ("user_id", str(caller.own_id))])
        found = document_of(await orders.find(caller, asked))
        return page(
            request,
            "storefront/account.html",
            user=document_of(await users.get(caller, caller.own_id)),
            orders=found["items"],
            next=found["next"],
            addresses=document_of(await addresses.of_user(caller, caller.own_id))["items"],
        )

    @get("/data", opt=declared(access=Access.CUSTOMER, is_audited=True, formats=(_JSON,)))
    async def export(self, request: ShopRequest, privacy: Privacy) -> Response[None]:
        """Return all data of the user as a file."""
        document = await privacy.export(request.caller, request.caller.own_id)
        named = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return file_response(request, document.to_json(), _JSON, **named)

    @get(
        "/invoices/{invoice_id:uuid}",
        opt=declared(InvoiceNotFound, access=Access.CUSTOMER, formats=(PDF,)),
    )
    async def invoice(
        self, request: ShopRequest, invoice_id: FromPath[UUID], invoice_books: Invoices
    ) -> Response[None]:
        """Return an invoice as PDF."""
        return await invoice_file(
            request, await invoice_books.show(request.caller.owner, invoice_id)
        )

    @post(
        "/erasure",
        opt=declared(
            LastAdmin, access=Access.CUSTOMER, answers=Answers.NEVER_STORED, changes_rights=True
        ),
    )
    async def erase(self, request: ShopRequest, privacy: Privacy) -> Response[bytes]:
        """Delete the user."""
        await privacy.erase(request.caller, request.caller.own_id)
        response = see("/")
        response.cookies = [request.app.state.cookies.of_log_in(None)]
        return response


class AddressPageController(Controller):
    """The addresses of a user."""

    path = "/account/addresses"
    include_in_schema = False

    @get("/new", opt=declared(CountryNotFound, access=Access.CUSTOMER, formats=(HTML,)))
    async def show_new(
        self, request: ShopRequest, address_formats: AddressFormats
    ) -> Response[bytes]:
        """Show the form for an address in a country."""
        return _form(request, address_formats, "/account/addresses/new", {})

    @post("/new", opt=declared(TooManyAddresses, access=Access.CUSTOMER))
    async def add(self, request: ShopRequest, addresses: Addresses) -> Response[bytes]:
        """Add an address."""
        data = form_of(request, AddressCreate, flags=_FLAGS)
        await addresses.add(request.caller, request.caller.own_id, data)
        return see("/account#addresses")

    @get(
        "/{address_id:uuid}",
        opt=declared(AddressNotFound, CountryNotFound, access=Access.CUSTOMER, formats=(HTML,)),
    )
    async def show(
        self,
        request: ShopRequest,
        address_id: FromPath[UUID],
        addresses: Addresses,
        address_formats: AddressFormats,
    ) -> Response[bytes]:
        """Show the form with an address."""
        its = await addresses.get(request.caller, request.caller.own_id, address_id)
        place = f"/account/addresses/{address_id}"
        return _form(request, address_formats, place, document_of(its))

    @post("/{address_id:uuid}", opt=declared(AddressNotFound, access=Access.CUSTOMER))
    async def change(
        self, request: ShopRequest, address_id: FromPath[UUID], addresses: Addresses
    ) -> Response[bytes]:
        """Change an address."""
        change = form_of(request, AddressChange, flags=_FLAGS, blank=_BLANK)
        own_id = request.caller.own_id
        await addresses.change(request.caller, own_id, address_id, change, request.if_match)
        return see("/account#addresses")

    @post("/{address_id:uuid}/remove", opt=declared(AddressNotFound, access=Access.CUSTOMER))
    async def remove(
        self, request: ShopRequest, address_id: FromPath[UUID], addresses: Addresses
    ) -> Response[bytes]:
        """Remove an address."""
        await addresses.remove(request.caller, request.caller.own_id, address_id)
        return see("/account#addresses")


def _form(
    request: ShopRequest,
    address_formats: AddressFormats,
    place: str,
    address: dict[str, str],
) -> Response[bytes]:
    choice = country_values(request, address_formats, "", address.get("country", ""))
    return page(
        request,
        "storefront/address.html",
        place=place,
        its=address,
        **choice,
    )
