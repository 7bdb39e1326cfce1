"""Users, addresses, log-ins and API keys."""

from litestar.openapi.spec import Tag

from app.controllers.identity.api_key_controller import ApiKeyController
from app.controllers.identity.auth_controller import AuthController
from app.controllers.identity.country_controller import CountryController
from app.controllers.identity.user_controller import AddressController, UserController

CONTROLLERS = (
    AuthController,
    UserController,
    AddressController,
    CountryController,
    ApiKeyController,
)
TAGS = (
    Tag(
        "users",
        "Users of the shop and their addresses, and the address formats of countries.",
    ),
    Tag("auth", "Log-ins, passwords and e-mail addresses."),
)
API_KEY_TAGS = (Tag("api keys", "API keys, which authenticate machines."),)
