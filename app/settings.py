"""The settings of the process, read once from the environment and `.env`."""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.networks import IPvAnyNetwork
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

_MIN_SECRET = 32
_RANDOM = "`openssl rand -base64 32`"
_WELL_KNOWN = frozenset({"", "admin", "change-me", "guest", "lavka", "password", "postgres"})
# Of the other settings, the default is the example.
_EXAMPLES = {
    "cors_origins": "https://www.example.com",
    "log_format": "json",
    "shop_timezone": "Europe/Berlin",
    "trusted_proxies": "10.0.0.0/8,192.0.2.7",
}

# Browsers leave them out of an origin.
_USUAL_PORTS = {"http": 80, "https": 443}

Port = Annotated[int, Field(ge=1, le=65_535)]
Count = Annotated[int, Field(ge=1)]


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(_split)]
"""Addresses and networks, separated by commas."""


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each if each == "*" else _origin(each) for each in values)


def _origin(value: str) -> str:
    """Return an origin as browsers send it (RFC 6454, section 6.2)."""
    match = re.fullmatch(
        r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])"
        r"(:(?P<port>\d+))?/?",
        value.lower(),
        re.ASCII,
    )
    if match is None:
        raise ValueError(_not_origin(value))
    scheme, host, port = match["scheme"], match["host"], match["port"]
    if port is None or int(port) == _USUAL_PORTS.get(scheme):
        return f"{scheme}://{host}"
    if not 1 <= int(port) <= 65_535:
        raise ValueError(_not_origin(value))
    return f"{scheme}://{host}:{int(port)}"


def _not_origin(value: str) -> str:
    return (
        f"must be origins as browsers send them, which {value!r} is not: "
        "a scheme, a host in ASCII, and a port if it is not the usual one"
    )


Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_origins)]
"""Origins as browsers send them, separated by commas; `*` is any."""


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be a time zone of the IANA database") from error
    return value


def _currency_code(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("must be a currency code of ISO 4217")
    return value


Zone = Annotated[str, AfterValidator(_known_zone)]
"""A time zone by its name in the IANA database."""


class InvalidSettings(Exception):
    """The environment or `.env` contains invalid settings."""


class Settings(BaseSettings):
    """The configuration; each field is an environment variable of the same name in upper case."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    port: Port = 8000
    data_dir: Path = Path("var")
    # The heartbeat of a process without a port; unset means that there is none.
    heartbeat_file: Path | None = None

    # `production` refuses to start with settings that are only meant for development.
    environment: Literal["development", "production"] = "development"
    workers: Count = 1

    shop_currency: Annotated[str, AfterValidator(_currency_code)] = "USD"

    # The zone of the shop day, whose report is made when the day has ended.
    shop_timezone: Zone = "UTC"
    # Lets tests and demos move the time in all processes with the same `data_dir`.
    test_clock: bool = False

    # Unset means SQLite under `data_dir`.
    db_host: str | None = None
    db_port: Port = 5432
    db_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    postgres_user: str = "lavka"
    postgres_password: SecretStr = SecretStr("lavka")
    postgres_db: str = "lavka"

    # Unset means that this process also dispatches commands, without a broker.
    rabbitmq_host: str | None = None
    rabbitmq_port: Port = 5672
    rabbitmq_vhost: str = "/"
    rabbitmq_user: str = "guest"
    rabbitmq_password: SecretStr = SecretStr("guest")

    # How long a command waits for what it changes, and how long a dead letter is kept.
    message_wait_hours: Count = 24
    dead_letter_days: Count = 90

    # Unset means that each process caches in its own memory.
    redis_host: str | None = None
    redis_port: Port = 6379
    redis_db: Annotated[int, Field(ge=0)] = 0
    redis_password: SecretStr | None = None
    redis_decode_responses: bool = False

    # The limits of the cache in the memory of a process.
    cache_max_entries: Annotated[int, Field(ge=100)] = 20_000
    cache_max_mib: Count = 64

    # Unset means a key that the first start generates and stores in the database.
    secret_key: SecretStr | None = None
    # Still verifies but no longer signs: set it while a key is replaced.
    previous_secret_key: SecretStr | None = None
    # The administrator that the first start adds; without a password, one is generated and printed.
    admin_email: str = "admin@example.com"
    admin_password: SecretStr | None = None
    access_token_seconds: Count = 15 * 60
    refresh_token_days: Count = 30
    # argon2id; hashes with other parameters are replaced at the next log-in.
    password_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    password_iterations: Count = 2

    # Requests per minute. The last limit is counted per process, and 0 means no limit.
    login_limit_per_account: Count = 5
    login_limit_per_address: Count = 20
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = 12_000

    # Unset means lines on a terminal and JSON elsewhere.
    log_format: Literal["json", "console"] | None = None

    # The collector of traces (OTLP over HTTP); unset means that there are none.
    otel_exporter_otlp_endpoint: str | None = None

    # Lets Prometheus read /metrics even while the database, which has the API keys, is down.
    metrics_token: SecretStr | None = None

    # Host names of the shop; empty means any.
    allowed_hosts: Names = ()
    # Origins whose pages may call the shop from a browser.
    cors_origins: Origins = ()
    # Proxies whose X-Forwarded-For is trusted.
    trusted_proxies: Networks = ()

    # Unset means that mails are printed to standard output.
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: str = "shop@example.com"
    # The website that mails link to; unset means that mails contain only the token.
    storefront_url: str | None = None

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """The keys of the settings, 32 bytes each; the first one signs."""
        given = (self.secret_key, self.previous_secret_key)
        return tuple(
            hashlib.sha256(key.get_secret_value().encode()).digest() for key in given if key
        )

    @property
    def data_file(self) -> Path | None:
        """The file of SQLite, or None with PostgreSQL."""
        return self.data_dir / "lavka.db" if self.db_host is None else None

    @property
    def database_url(self) -> URL:
        """The shop's database: PostgreSQL when `DB_HOST` is set, else SQLite."""
        if self.data_file is not None:
            return URL.create("sqlite+aiosqlite", database=str(self.data_file))
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
        """The location of the database, for display: without the password."""
        if self.data_file is not None:
            return str(self.data_file.resolve())
        return self.database_url.render_as_string(hide_password=True)


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        InvalidSettings: naming each wrong variable, the reason and a valid example.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise InvalidSettings("; ".join(map(_fault_of, error.errors()))) from error
    if settings.environment == "production" and (faults := list(production_faults(settings))):
        raise InvalidSettings("not allowed with ENVIRONMENT=production:\n  " + "\n  ".join(faults))
    return settings


def _fault_of(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    name, default = field.upper(), Settings.model_fields[field].default
    _, should, rule = error["msg"].partition(" should ")
    reason = f"must {rule.partition(', unable')[0]}" if should else error["msg"]
    example = _EXAMPLES.get(field, str(default).lower() if isinstance(default, bool) else default)
    return f"{name}: {reason.removeprefix('Value error, ')} (for example {name}={example})"


def production_faults(settings: Settings) -> Iterator[str]:
    """Yield what production does not allow: the variable, the reason and what to do."""
    if settings.test_clock:
        yield "TEST_CLOCK: an administrator could move the time; set TEST_CLOCK=false"
    yield from _secret_faults(settings)
    if settings.db_host is None and settings.workers > 1:
        yield (
            "WORKERS: SQLite has one writer; set WORKERS=1, or DB_HOST for several processes on "
            "PostgreSQL"
        )
    yield from _password_faults(settings)
    if "*" in settings.cors_origins:
        yield (
            "CORS_ORIGINS: must list origins instead of * "
            "(for example CORS_ORIGINS=https://www.example.com)"
        )
    if not settings.allowed_hosts or "*" in settings.allowed_hosts:
        yield (
            "ALLOWED_HOSTS: must list the shop's host names "
            "(for example ALLOWED_HOSTS=shop.example.com)"
        )
    yield from _mail_faults(settings)
    # OWASP, Password Storage Cheat Sheet: the minimum for argon2id with one lane.
    if settings.password_memory_kib * settings.password_iterations < 19_456 * 2:
        yield "PASSWORD_MEMORY_KIB, PASSWORD_ITERATIONS: must be at least 19456 and 2"


def _secret_faults(settings: Settings) -> Iterator[str]:
    key = settings.secret_key or SecretStr("")
    secrets = {
        "SECRET_KEY": key,
        "PREVIOUS_SECRET_KEY": settings.previous_secret_key,
        "METRICS_TOKEN": settings.metrics_token,
    }
    for name, secret in secrets.items():
        if secret is not None and len(secret.get_secret_value()) < _MIN_SECRET:
            yield (
                f"{name}: must be at least {_MIN_SECRET} random characters "
                f"(for example the output of {_RANDOM})"
            )
    if len(key) >= _MIN_SECRET and len(set(key.get_secret_value())) < _MIN_SECRET // 3:
        yield f"SECRET_KEY: does not look random; use the output of {_RANDOM}"


def _password_faults(settings: Settings) -> Iterator[str]:
    passwords = {
        "POSTGRES": (settings.db_host, settings.postgres_user, settings.postgres_password),
        "RABBITMQ": (settings.rabbitmq_host, settings.rabbitmq_user, settings.rabbitmq_password),
    }
    for name, (host, user, password) in passwords.items():
        if host is not None and password.get_secret_value() in (*_WELL_KNOWN, user):
            yield (
                f"{name}_PASSWORD: is well known ({name}_USER is {user}); "
                f"use the output of {_RANDOM}"
            )
    if settings.admin_password and settings.admin_password.get_secret_value() in _WELL_KNOWN:
        yield "ADMIN_PASSWORD: is well known; choose another one, or unset it to have one generated"


def _mail_faults(settings: Settings) -> Iterator[str]:
    if settings.smtp_security == "none" and settings.smtp_host not in (None, "localhost"):
        yield (
            "SMTP_SECURITY: must be starttls or tls, because mails contain tokens "
            "(for example SMTP_SECURITY=starttls)"
        )
    if settings.smtp_host is None:
        yield (
            "SMTP_HOST: must be set, or mails with tokens would be printed "
            "(for example SMTP_HOST=smtp.example.com)"
        )
