"""Builds the services of users, log-ins and API keys."""

from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.api_key_repository import ApiKeyRepository
from app.repositories.identity.secret_repository import SecretRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.services.identity.account_service import AccountService
from app.services.identity.address_format_service import AddressFormatService
from app.services.identity.address_service import AddressService
from app.services.identity.api_key_service import ApiKeyService
from app.services.identity.auth_service import AuthService
from app.services.identity.browser_log_ins import BrowserLogIns
from app.services.identity.identity_privacy import IdentityPrivacy
from app.services.identity.identity_service import IdentityService
from app.services.identity.start_service import StartService
from app.services.identity.user_service import UserService
from app.wiring.areas.system import provide_audit, provide_mails
from app.wiring.resources import Shop


def provide_identities(session: AsyncSession, shop: Shop) -> IdentityService:
    """Return the service that identifies callers."""
    return IdentityService(
        SessionRepository(session), ApiKeyRepository(session), shop.tokens, shop.clock
    )


def provide_browser_log_ins(session: AsyncSession, shop: Shop) -> BrowserLogIns:
    """Return the service that identifies the callers of pages."""
    return BrowserLogIns(SessionRepository(session), shop.clock)


def provide_auth(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AuthService:
    """Return the service of log-ins."""
    return AuthService(
        UserRepository(session),
        SessionRepository(session),
        provide_audit(session, shop),
        shop.passwords,
        shop.tokens,
        shop.limits,
        shop.clock,
        shop.settings,
    )


def provide_accounts(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AccountService:
    """Return the service of passwords and e-mail addresses."""
    return AccountService(
        UserRepository(session),
        SessionRepository(session),
        provide_audit(session, shop),
        provide_mails(session, shop),
        shop.passwords,
        shop.tokens,
        shop.limits,
        shop.clock,
        shop.settings,
    )


def provide_users(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> UserService:
    """Return the service of users."""
    return UserService(
        UserRepository(session),
        SessionRepository(session),
        provide_accounts(session, shop),
        provide_api_keys(session, shop),
        provide_audit(session, shop),
        shop.passwords,
        shop.clock,
        shop.cache,
    )


def provide_api_keys(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ApiKeyService:
    """Return the service of API keys."""
    return ApiKeyService(
        ApiKeyRepository(session),
        UserRepository(session),
        provide_audit(session, shop),
        shop.clock,
    )


def provide_start(session: AsyncSession, shop: Shop) -> StartService:
    """Return the service of the first start."""
    return StartService(
        SecretRepository(session),
        UserRepository(session),
        SessionRepository(session),
        provide_users(session, shop),
        provide_audit(session, shop),
        shop.passwords,
        shop.clock,
    )


def provide_addresses(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AddressService:
    """Return the service of addresses."""
    return AddressService(AddressRepository(session), UserRepository(session), shop.clock)


def provide_address_formats() -> AddressFormatService:
    """Return the service of the forms of addresses."""
    return AddressFormatService()


def provide_personal_data(session: AsyncSession, shop: Shop) -> IdentityPrivacy:
    """Return the personal data in users, addresses and log-ins."""
    return IdentityPrivacy(
        UserRepository(session),
        AddressRepository(session),
        SessionRepository(session),
        provide_api_keys(session, shop),
        shop.clock,
    )


Auth = NamedDependency[AuthService]
Accounts = NamedDependency[AccountService]
Users = NamedDependency[UserService]
ApiKeys = NamedDependency[ApiKeyService]
Addresses = NamedDependency[AddressService]
AddressFormats = NamedDependency[AddressFormatService]

DEPENDENCIES = {
    "auth": Provide(provide_auth, sync_to_thread=False),
    "accounts": Provide(provide_accounts, sync_to_thread=False),
    "users": Provide(provide_users, sync_to_thread=False),
    "api_keys": Provide(provide_api_keys, sync_to_thread=False),
    "addresses": Provide(provide_addresses, sync_to_thread=False),
    "address_formats": Provide(provide_address_formats, sync_to_thread=False),
}
