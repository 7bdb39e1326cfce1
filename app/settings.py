"""Settings of the process, read once from the environment and `.env`."""

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

_MIN_SECRET = 32
_WELL_KNOWN = frozenset({"", "admin", "change-me", "guest", "lavka", "password", "postgres"})

Port = Annotated[int, Field(ge=1, le=65_535)]
Count = Annotated[int, Field(ge=1)]


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)]
"""Addresses and networks, separated by commas."""


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be a time zone of the IANA database, like Europe/Berlin") from error
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
"""A time zone by its name in the IANA database."""


class InvalidSettings(Exception):
    """The environment or `.env` says what cannot be."""


class Settings(BaseSettings):
    """Configuration by environment variables of the same names in upper case."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    port: Port = 8000
    data_dir: Path = Path("var")
    # Where a process without a port shows that it lives; unset means nowhere.
    heartbeat_file: Path | None = None

    # `production` refuses to start with settings that are only good for trying things out.
    environment: Literal["development", "production"] = "development"
    workers: Count = 1

    shop_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"

    # A day of the shop is one of this zone, and its report is made when it is over.
    shop_timezone: Zone = "UTC"
    # The time can be moved, for tests and demos, in every process that has the same `data_dir`.
    test_clock: bool = False

    # Unset means SQLite under `data_dir`.
    db_host: str | None = None
    db_port: Port = 5432
    db_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    postgres_user: str = "lavka"
    postgres_password: SecretStr = SecretStr("lavka")
    postgres_db: str = "lavka"

    # Unset means the broker's part is played in this process.
    rabbitmq_host: str | None = None
    rabbitmq_port: Port = 5672
    rabbitmq_vhost: str = "/"
    rabbitmq_user: str = "guest"
    rabbitmq_password: SecretStr = SecretStr("guest")

    # Unset means the cache is in this process.
    redis_host: str | None = None
    redis_port: Port = 6379
    redis_db: Annotated[int, Field(ge=0)] = 0
    redis_password: SecretStr | None = None
    redis_decode_responses: bool = False

    # What a process keeps at most of what it was asked for last.
    cache_max_entries: Annotated[int, Field(ge=100)] = 20_000
    cache_max_mib: Count = 64

    # Unset means one that is made at the first start and kept in the database.
    secret_key: SecretStr | None = None
    # What was signed with it stays good, nothing new is: set it while a key is replaced.
    previous_secret_key: SecretStr | None = None
    # The administrator that the first start makes; without a password, one is made up and printed.
    admin_email: str = "admin@example.com"
    admin_password: SecretStr | None = None
    access_token_seconds: Count = 15 * 60
    refresh_token_days: Count = 30
    # argon2id; what is stored with other parameters is hashed anew at the next log-in.
    password_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    password_iterations: Count = 2

    # A minute's worth, each. The last one is counted in each process by itself; 0 is no limit.
    login_limit_per_account: Count = 5
    login_limit_per_address: Count = 20
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = 12_000

    # Unset means JSON, and lines to read where standard error is a terminal.
    log_format: Literal["json", "console"] | None = None

    # Where traces go, by OTLP over HTTP; unset means nowhere.
    otel_exporter_otlp_endpoint: str | None = None

    # Lets Prometheus read /metrics, also while the database, which knows the API keys, is down.
    metrics_token: SecretStr | None = None

    # Host names of the shop; none named means that any will do.
    allowed_hosts: Names = ()
    # Pages of these origins may call the shop from a browser.
    cors_origins: Names = ()
    # Proxies whose X-Forwarded-For is believed.
    trusted_proxies: Networks = ()

    # Unset means that mails are printed.
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: str = "shop@example.com"
    # The shop's pages for people, to which mails link; unset, mails have the bare token.
    storefront_url: str | None = None

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """The keys of the settings, the one to sign with first; 32 bytes each."""
        given = (self.secret_key, self.previous_secret_key)
        return tuple(
            hashlib.sha256(key.get_secret_value().encode()).digest() for key in given if key
        )

    @property
    def database_url(self) -> URL:
        """The shop's database: PostgreSQL when `DB_HOST` is set, else SQLite."""
        if self.db_host is None:
            return URL.create("sqlite+aiosqlite", database=str(self.data_dir / "lavka.db"))
        return URL.create(
            "postgresql+asyncpg",
            username=self.postgres_user,
            password=self.postgres_password.get_secret_value(),
            host=self.db_host,
            port=self.db_port,
            database=self.postgres_db,
        )

    @property
    def data_place(self) -> str:
        """Where the data is, in words for people and without the password."""
        if self.db_host is None:
            return str((self.data_dir / "lavka.db").resolve())
        return self.database_url.render_as_string(hide_password=True)


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InvalidSettings: naming each variable that cannot be, with the reason.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        reasons = (f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise InvalidSettings("; ".join(reasons)) from error
    if settings.environment == "production" and (faults := list(production_faults(settings))):
        raise InvalidSettings(
            "not good enough for ENVIRONMENT=production:\n  " + "\n  ".join(faults)
        )
    return settings


def production_faults(settings: Settings) -> Iterator[str]:
    """Yield what is only good for trying things out, by the name of each variable."""
    yield from ["TEST_CLOCK: an administrator could move the time"] * settings.test_clock
    if settings.secret_key is None or len(settings.secret_key.get_secret_value()) < _MIN_SECRET:
        yield f"SECRET_KEY: must have {_MIN_SECRET} characters or more, of chance"
    elif len(set(settings.secret_key.get_secret_value())) < _MIN_SECRET // 3:
        yield "SECRET_KEY: is not made of chance"
    if settings.db_host is None and settings.workers > 1:
        yield "WORKERS: SQLite has one writer; several processes need PostgreSQL (DB_HOST)"
    passwords = {
        "POSTGRES": (settings.db_host, settings.postgres_user, settings.postgres_password),
        "RABBITMQ": (settings.rabbitmq_host, settings.rabbitmq_user, settings.rabbitmq_password),
    }
    for name, (host, user, password) in passwords.items():
        if host is not None and password.get_secret_value() in (*_WELL_KNOWN, user):
            yield f"{name}_PASSWORD: is well known ({name}_USER is {user})"
    if settings.admin_password and settings.admin_password.get_secret_value() in _WELL_KNOWN:
        yield "ADMIN_PASSWORD: is well known"
    if "*" in settings.cors_origins:
        yield "CORS_ORIGINS: must name the origins, not *"
    if not settings.allowed_hosts or "*" in settings.allowed_hosts:
        yield "ALLOWED_HOSTS: must name the shop's host names"
    others = {
        "METRICS_TOKEN": settings.metrics_token,
        "PREVIOUS_SECRET_KEY": settings.previous_secret_key,
    }
    yield from (
        f"{name}: must have {_MIN_SECRET} characters or more, of chance"
        for name, secret in others.items()
        if secret is not None and len(secret.get_secret_value()) < _MIN_SECRET
    )
    yield from _mail_faults(settings)
    # OWASP, Password Storage Cheat Sheet: the least for argon2id with one lane.
    if settings.password_memory_kib * settings.password_iterations < 19_456 * 2:
        yield "PASSWORD_MEMORY_KIB, PASSWORD_ITERATIONS: at least 19456 and 2"


def _mail_faults(settings: Settings) -> Iterator[str]:
    if settings.smtp_security == "none" and settings.smtp_host not in (None, "localhost"):
        yield "SMTP_SECURITY: must be starttls or tls, mails have tokens in them"
    if settings.smtp_host is None:
        yield "SMTP_HOST: must be set, mails with tokens would be printed"
