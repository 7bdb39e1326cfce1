"""The resources of a process, from its start to its end."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.cache.areas.catalogue import PRODUCTS
from app.cache.cache import Cache
from app.cache.kind import Kind
from app.cache.local import LocalStore
from app.cache.redis import RedisStore
from app.cache.representation import Representation
from app.core.calendar import ShopDays
from app.core.clock import Clock
from app.database.sessions import Database
from app.gateways.folder_store import FolderStore
from app.gateways.payments.provider import PaymentProvider
from app.gateways.s3_store import BucketStore
from app.gateways.storage import FileStore
from app.mails.order_mail import MailSender
from app.mails.rendering import OrderMails
from app.observability.access_log import AccessLog
from app.observability.http_metrics import HttpMetrics
from app.repositories.catalogue.list_prices import CURRENCY, NOW
from app.repositories.catalogue.product_repository import ProductRepository
from app.repositories.messaging.cache_drop_repository import CacheDropRepository
from app.security.identity_cache import IdentityCache
from app.security.passwords import Passwords
from app.security.rate_limits import RateLimits
from app.security.tokens import Tokens
from app.services.catalogue.product_reads import ProductReads
from app.services.messaging.cache_drop_service import CacheDropService
from app.settings import Settings
from app.tables.catalogue import LOW_STOCK_AT

LoadById = Callable[[UUID, str | None], Awaitable[Representation]]
"""Reads a resource; one for everybody may differ by a word, such as a currency."""


class Shop:
    """The resources of one process: settings, clock, database, cache, files, limits and metrics."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or Clock(settings.data_dir / "clock" if settings.test_clock else None)
        self.days = ShopDays(settings.shop_timezone)
        self.database = Database(
            settings.database_url,
            self,
            pool_size=settings.db_pool_size,
            info={
                LOW_STOCK_AT: settings.low_stock_at,
                NOW: self.clock.now,
                CURRENCY: settings.shop_currency,
            },
        )
        self.cache = _cache(settings)
        self._done_drops: list[UUID] = []
        self.passwords = Passwords(
            memory_kib=settings.password_memory_kib, iterations=settings.password_iterations
        )
        self.tokens = Tokens(self.clock, *settings.signing_keys)
        self.limits = RateLimits(settings)
        self.identities = IdentityCache(self.clock.now)
        self.http_metrics = HttpMetrics()
        # A process that can ask the broker over a connection sets this.
        self.ping_broker: Callable[[], Awaitable[None]] | None = None
        self.is_new = False
        """Whether this process has created the database, a file of SQLite."""
        self.access_log = AccessLog(settings.log_format) if settings.access_log else None

    @cached_property
    def files(self) -> FileStore:
        """The store of the files of images.

        Raises:
            InvalidSettings: a package that the settings require is not installed.
        """
        bucket = self.settings.media_bucket
        return FolderStore(self.settings.media_folder) if bucket is None else BucketStore(*bucket)

    @cached_property
    def product_reads(self) -> ProductReads:
        """The service that reads the products of concurrent requests together."""

        @asynccontextmanager
        async def begin() -> AsyncIterator[ProductRepository]:
            async with self.database.read() as session:
                yield ProductRepository(session)

        return ProductReads(begin, self.settings.low_stock_at)

    @cached_property
    def loads(self) -> Mapping[Kind, LoadById]:
        """The functions that read what is shown of a resource, by its kind.

        They limit their own time.
        """
        return {PRODUCTS: self.product_reads.read}

    @cached_property
    def providers(self) -> dict[str, PaymentProvider]:
        """The providers of payments that were used in this process."""
        return {}

    @cached_property
    def order_mails(self) -> OrderMails:
        """The renderer of mails about orders, which reads its files once."""
        settings = self.settings
        sender = MailSender(settings.shop_name, settings.shop_address, settings.shop_timezone)
        return OrderMails(sender, settings.mail_templates)

    async def record_drop(self, session: AsyncSession, tags: Collection[str]) -> UUID | None:
        """Record the cache invalidation of a transaction in it, if Redis is used."""
        if self.cache.redis is None:
            return None
        return await CacheDropService(CacheDropRepository(session), self.clock).record(tags)

    async def drop(self, tags: Collection[str], note: UUID | None) -> None:
        """Invalidate the cached representations that a transaction has changed."""
        if await self.cache.drop(tags) and note is not None:
            self._done_drops.append(note)

    def notice_changes(self) -> None:
        """Clear the cache if another process, such as `lavka`, has changed SQLite."""
        if self.database.is_change_announced():
            self.identities.clear()
            if self.cache.near is not None:
                self.cache.near.clear()

    def take_done_drops(self) -> list[UUID]:
        """Return the ids of the invalidations completed since the last call."""
        done, self._done_drops = self._done_drops, []
        return done

    async def close(self) -> None:
        """Close every connection and thread, and write the lines that wait."""
        if self.access_log is not None:
            self.access_log.flush()
        if self.cache.redis is not None:
            self.cache.redis.close()
        for provider in self.providers.values():
            await provider.close()
        await self.database.close()
        await self.limits.close()
        self.passwords.close()


def _cache(settings: Settings) -> Cache:
    """Return the cache of a process.

    With PostgreSQL and without Redis there is no cache: it would miss the changes of other
    processes.
    """
    near = LocalStore(settings.cache_max_entries, settings.cache_max_mib * 1024 * 1024)
    if settings.redis_host is not None:
        return Cache(near, RedisStore(settings, near))
    return Cache(near if settings.db_host is None else None, None)
