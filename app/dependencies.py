"""The only place where objects are put together."""

from collections.abc import AsyncIterator, Collection
from functools import partial
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from sqlalchemy.ext.asyncio import AsyncSession

from app.cache.cache import Cache
from app.cache.local import LocalStore
from app.cache.redis import RedisStore
from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.database.engine import Database, outages
from app.database.migrate import migrate
from app.errors import EmailTaken, InvalidInput
from app.observability.http_metrics import Traffic
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.data.user_import_repository import UserImportRepository
from app.repositories.identity.address_repository import AddressRepository
from app.repositories.identity.api_key_repository import ApiKeyRepository
from app.repositories.identity.secret_repository import SecretRepository
from app.repositories.identity.session_repository import SessionRepository
from app.repositories.identity.user_repository import UserRepository
from app.repositories.messaging.cache_drop_repository import CacheDropRepository
from app.repositories.messaging.dead_letter_repository import DeadLetterRepository
from app.repositories.messaging.inbox_repository import InboxRepository
from app.repositories.messaging.operation_repository import OperationRepository
from app.repositories.messaging.outbox_repository import OutboxRepository
from app.repositories.orders.order_repository import OrderRepository
from app.repositories.reports.ledger_repository import LedgerRepository
from app.repositories.reports.report_making_repository import ReportMakingRepository
from app.repositories.reports.report_repository import ReportRepository
from app.repositories.system.audit_repository import AuditRepository
from app.repositories.system.idempotency_repository import IdempotencyRepository
from app.repositories.system.mail_repository import MailRepository
from app.security.identity_cache import IdentityCache
from app.security.passwords import Passwords
from app.security.rate_limits import RateLimits
from app.security.tokens import Tokens
from app.services.catalogue.product_service import ProductService
from app.services.data.import_service import ImportService
from app.services.data.privacy_service import PrivacyService
from app.services.identity.account_service import AccountService
from app.services.identity.address_service import AddressService
from app.services.identity.api_key_service import ApiKeyService
from app.services.identity.auth_service import AuthService
from app.services.identity.identity_service import IdentityService
from app.services.identity.start_service import StartService, made_up_password
from app.services.identity.user_service import UserService
from app.services.messaging.cache_drop_service import CacheDropService
from app.services.messaging.dead_letter_service import DeadLetterService
from app.services.messaging.inbox_service import InboxService
from app.services.messaging.operation_service import OperationService
from app.services.messaging.outbox_service import OutboxService
from app.services.orders.order_service import OrderService
from app.services.reports.metrics_service import FiguresService
from app.services.reports.report_maker import ReportMaker
from app.services.reports.report_schedule import ReportSchedule
from app.services.reports.report_service import ReportService
from app.services.system.audit_service import AuditService
from app.services.system.health_service import Check, HealthService
from app.services.system.idempotency_service import IdempotencyService
from app.services.system.mail_service import MailService
from app.settings import InvalidSettings, Settings
from app.wiring.probes import ping_rabbitmq, ping_redis

_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Shop:
    """What one process of the shop has: its settings, its database, its clock, its locks."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock(settings.data_dir / "clock" if settings.test_clock else None)
        self.days = ShopDays(settings.shop_timezone)
        self.database = Database(settings.database_url, self, pool_size=settings.db_pool_size)
        self.cache = _cache(settings)
        self._done_drops: list[UUID] = []
        self.passwords = Passwords(
            memory_kib=settings.password_memory_kib, iterations=settings.password_iterations
        )
        self.tokens = Tokens(self.clock, *settings.signing_keys)
        self.limits = RateLimits(settings)
        self.identities = IdentityCache(self.clock.now)
        self.traffic = Traffic()

    async def migrate(self) -> bool:
        """Bring the schema up to date; tell if it was not."""
        if self.database.is_sqlite:
            # The database has password hashes in it, and perhaps the key.
            self.settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return await migrate(self.database)

    async def prepare(self) -> None:
        """Bring the schema up to date, learn the key to sign with, forget what has expired."""
        await self.migrate()
        async with self.database.write() as session:
            if self.settings.secret_key is None:
                own = await provide_start(session, self).signing_key()
                self.tokens.keys = (own, *self.settings.signing_keys)
        await self.tidy()

    async def tidy(self) -> None:
        """Forget what has expired: kept answers, and log-ins."""
        async with self.database.write() as session:
            await provide_idempotency(session, self).forget_expired()
            await provide_auth(session, self).forget_over()
            await provide_inbox(session, self).forget_old()
            await provide_operations(session, self).forget_finished()

    async def note_drop(self, session: AsyncSession, tags: Collection[str]) -> UUID | None:
        """Note in a transaction what its change drops from the cache, if others have it too."""
        if self.cache.redis is None:
            return None
        return await provide_cache_drops(session, self).note(tags)

    async def drop(self, tags: Collection[str], note: UUID | None) -> None:
        """Drop what a transaction has changed from the cache."""
        if await self.cache.drop(tags) and note is not None:
            self._done_drops.append(note)

    def take_done_drops(self) -> list[UUID]:
        """Return the notes of what was dropped since the last time."""
        done, self._done_drops = self._done_drops, []
        return done

    async def close(self) -> None:
        """Let go of every connection and thread."""
        if self.cache.redis is not None:
            self.cache.redis.close()
        await self.database.close()
        await self.limits.close()
        self.passwords.close()

    async def ensure_admin(self) -> str | None:
        """Add the first administrator where there is none; return a password that was made up.

        Raises:
            InvalidSettings: the administrator cannot be as the settings say.
        """
        async with self.database.read() as session:
            if not await provide_start(session, self).needs_admin():
                return None
        given = self.settings.admin_password
        password = made_up_password() if given is None else given.get_secret_value()
        try:
            async with self.database.write() as session:
                await provide_start(session, self).add_admin(self.settings.admin_email, password)
        except InvalidInput as error:
            reasons = "; ".join(
                f"ADMIN_{each['pointer'].removeprefix('#/').upper()}: {each['detail']}"
                for each in error.context["errors"]
            )
            raise InvalidSettings(reasons) from error
        except EmailTaken as error:
            async with self.database.read() as session:
                if await provide_start(session, self).needs_admin():
                    raise InvalidSettings("ADMIN_EMAIL: belongs to a customer") from error
            # Another process that starts at the same time was first.
            return None
        return password if given is None else None


def _cache(settings: Settings) -> Cache:
    """Return the cache of a process.

    Without Redis nobody would tell it of what other processes change, which only PostgreSQL has.
    """
    near = LocalStore(settings.cache_max_entries, settings.cache_max_mib * 1024 * 1024)
    if settings.redis_host is not None:
        return Cache(near, RedisStore(settings, near))
    return Cache(near if settings.db_host is None else None, None)


def provide_shop(state: State) -> Shop:
    """Return what this process has."""
    shop: Shop = state.shop
    return shop


async def provide_session(
    request: Request[object, object, State], shop: NamedDependency[Shop]
) -> AsyncIterator[AsyncSession]:
    """Open the session of a request: one transaction for what writes, none for a mere read.

    A transaction commits before the response is sent, so that a failed commit is an error to the
    caller. Litestar resolves sibling dependencies concurrently: nothing else here does I/O.
    """
    if (outer := request.scope["state"].get("session")) is not None:
        async with outages():
            yield outer
    elif request.method in _READING_METHODS and not request.route_handler.opt.get("is_noted"):
        async with shop.database.read() as session:
            yield session
    else:
        async with shop.database.write() as session:
            yield session


def provide_audit(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> AuditService:
    """Return the service of the audit trail."""
    return AuditService(AuditRepository(session), shop.clock)


def provide_outbox(session: AsyncSession, shop: Shop) -> OutboxService:
    """Return the service of messages that leave."""
    has_broker = shop.settings.rabbitmq_host is not None
    return OutboxService(OutboxRepository(session), shop.clock, has_broker=has_broker)


def provide_cache_drops(session: AsyncSession, shop: Shop) -> CacheDropService:
    """Return the service of changes that the cache in Redis may not know of."""
    return CacheDropService(CacheDropRepository(session), shop.clock)


def provide_inbox(session: AsyncSession, shop: Shop) -> InboxService:
    """Return the service of messages that have arrived."""
    return InboxService(InboxRepository(session), shop.clock)


def provide_dead_letters(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> DeadLetterService:
    """Return the service of messages that failed."""
    return DeadLetterService(
        DeadLetterRepository(session),
        OutboxRepository(session),
        provide_audit(session, shop),
        shop.clock,
        has_broker=shop.settings.rabbitmq_host is not None,
    )


def provide_operations(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OperationService:
    """Return the service of commands that nobody waits for."""
    return OperationService(OperationRepository(session), provide_outbox(session, shop), shop.clock)


def provide_mails(session: AsyncSession, shop: Shop) -> MailService:
    """Return the service of mails."""
    return MailService(MailRepository(session), shop.clock)


def provide_identities(session: AsyncSession, shop: Shop) -> IdentityService:
    """Return the service that tells who calls."""
    return IdentityService(
        SessionRepository(session), ApiKeyRepository(session), shop.tokens, shop.clock
    )


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
        provide_audit(session, shop),
        shop.passwords,
        shop.clock,
        shop.cache,
    )


def provide_privacy(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> PrivacyService:
    """Return the service that exports and erases persons."""
    return PrivacyService(
        UserRepository(session),
        AddressRepository(session),
        OrderRepository(session),
        SessionRepository(session),
        AuditRepository(session),
        MailRepository(session),
        IdempotencyRepository(session),
        OperationRepository(session),
        provide_audit(session, shop),
        shop.clock,
    )


def provide_api_keys(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ApiKeyService:
    """Return the service of API keys."""
    return ApiKeyService(ApiKeyRepository(session), provide_audit(session, shop), shop.clock)


def provide_start(session: AsyncSession, shop: Shop) -> StartService:
    """Return the service that makes what a first start makes."""
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


def provide_products(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ProductService:
    """Return the service of products."""
    return ProductService(
        ProductRepository(session),
        provide_audit(session, shop),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.cache,
    )


def provide_orders(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> OrderService:
    """Return the service of orders."""
    return OrderService(
        OrderRepository(session),
        ProductRepository(session),
        UserRepository(session),
        AddressRepository(session),
        provide_outbox(session, shop),
        shop.clock,
        shop.settings.shop_currency,
        shop.cache,
    )


def provide_report_maker(session: AsyncSession, shop: Shop) -> ReportMaker:
    """Return the service that makes daily reports."""
    return ReportMaker(
        ReportMakingRepository(session),
        LedgerRepository(session),
        provide_outbox(session, shop),
        shop.days,
        shop.clock,
        shop.settings.shop_currency,
    )


def provide_report_schedule(session: AsyncSession, shop: Shop) -> ReportSchedule:
    """Return the service that tells which daily reports are due."""
    return ReportSchedule(
        ReportMakingRepository(session), LedgerRepository(session), shop.days, shop.clock
    )


def provide_reports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ReportService:
    """Return the service of daily reports."""
    return ReportService(
        ReportRepository(session),
        provide_report_maker(session, shop),
        provide_operations(session, shop),
        shop.days,
        shop.clock,
    )


def provide_imports(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> ImportService:
    """Return the service that loads files."""
    return ImportService(
        ProductRepository(session),
        UserImportRepository(session),
        OrderRepository(session),
        shop.clock,
        shop.settings.shop_currency,
    )


def provide_idempotency(
    session: NamedDependency[AsyncSession], shop: NamedDependency[Shop]
) -> IdempotencyService:
    """Return the service of idempotency keys."""
    return IdempotencyService(IdempotencyRepository(session), shop.tokens.keys, shop.clock)


def provide_figures(session: AsyncSession, shop: Shop) -> FiguresService:
    """Return the service of what is told to whoever watches the shop."""
    return FiguresService(
        OutboxRepository(session),
        DeadLetterRepository(session),
        OrderRepository(session),
        ReportRepository(session),
        shop.clock,
    )


def provide_health(shop: NamedDependency[Shop]) -> HealthService:
    """Return the service that asks the dependencies for a sign of life."""
    checks = {"database": Check(shop.database.ping, is_needed=True)}
    if (redis := shop.cache.redis) is not None:
        checks["redis"] = Check(partial(ping_redis, redis))
    if shop.settings.rabbitmq_host is not None:
        checks["rabbitmq"] = Check(partial(ping_rabbitmq, shop.settings))
    return HealthService(checks)


Users = NamedDependency[UserService]
Addresses = NamedDependency[AddressService]
Products = NamedDependency[ProductService]
Orders = NamedDependency[OrderService]
Auth = NamedDependency[AuthService]
Accounts = NamedDependency[AccountService]
Privacy = NamedDependency[PrivacyService]
ApiKeys = NamedDependency[ApiKeyService]
Audit = NamedDependency[AuditService]
DeadLetters = NamedDependency[DeadLetterService]
Operations = NamedDependency[OperationService]
Reports = NamedDependency[ReportService]
Health = NamedDependency[HealthService]

DEPENDENCIES = {
    "shop": Provide(provide_shop, sync_to_thread=False),
    "session": Provide(provide_session),
    "auth": Provide(provide_auth, sync_to_thread=False),
    "accounts": Provide(provide_accounts, sync_to_thread=False),
    "privacy": Provide(provide_privacy, sync_to_thread=False),
    "api_keys": Provide(provide_api_keys, sync_to_thread=False),
    "dead_letters": Provide(provide_dead_letters, sync_to_thread=False),
    "operations": Provide(provide_operations, sync_to_thread=False),
    "reports": Provide(provide_reports, sync_to_thread=False),
    "audit": Provide(provide_audit, sync_to_thread=False),
    "users": Provide(provide_users, sync_to_thread=False),
    "addresses": Provide(provide_addresses, sync_to_thread=False),
    "products": Provide(provide_products, sync_to_thread=False),
    "orders": Provide(provide_orders, sync_to_thread=False),
    "health": Provide(provide_health, sync_to_thread=False),
}
