"""The settings: names, types, defaults and meanings; docs/settings.md is generated from them."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from app.configuration.fields import (
    Carriers,
    Count,
    Currencies,
    Currency,
    File,
    Folder,
    Host,
    HostNames,
    MailAddress,
    MediaStore,
    MediaUrl,
    Networks,
    Origins,
    OwnCountry,
    PaymentProviders,
    Port,
    Schedule,
    Secrets,
    Series,
    Storefront,
    TaxClasses,
    VatNumber,
    WebAddress,
    Zone,
)
from app.core.vat.numbers import country_of
from app.pricing.terms import Rounding


class Settings(BaseSettings):
    """The configuration; each field is an environment variable of the same name in upper case."""

    model_config = SettingsConfigDict(
        env_file=".env",
        # Editors on Windows begin a file with a byte order mark, which would be a part of a name.
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` means every IPv4 address."""
    port: Port = 8000
    """The port to listen on; in `docker-compose.yml`, the port on this machine."""
    data_dir: Path = Path("var")
    """The folder of SQLite's files, and of the clock of `TEST_CLOCK`."""
    heartbeat_file: Path | None = None
    """The heartbeat file of a process without a port; unset: none."""

    environment: Literal["development", "production"] = "development"
    """`production` refuses to start with settings that are only meant for development."""
    workers: Count = 1
    """The number of HTTP processes; several need PostgreSQL."""

    shop_name: Annotated[str, Field(max_length=100)] = "Lavka"
    """The name of the shop in mails about orders."""
    shop_address: Annotated[str, Field(max_length=300)] | None = None
    """The postal address of the shop at the end of these mails, in one line; unset: none."""
    shop_currency: Currency = "USD"
    """The currency of the prices of products and of orders."""
    shop_currencies: Currencies = ()
    """The currencies in which prices are shown, `SHOP_CURRENCY` first; unset: only that."""
    tax_origin: OwnCountry | None = None
    """The country whose tax the shop charges (ISO 3166-1); unset: prices are without tax."""
    shop_vat_id: VatNumber | None = None
    """The VAT number of the shop, one of `TAX_ORIGIN`; without it, VAT numbers change no tax."""
    tax_mode: Literal["origin", "destination"] = "origin"
    """Whether the rates of the shop's country or of the destination apply within the EU."""
    tax_rounding: Rounding = Rounding.PER_RATE
    """`per_rate` rounds the tax of an order once for each rate, `per_line` for each line."""
    tax_abroad: Literal["none", "refuse"] = "none"
    """Whether orders to countries without rates have no tax, or are refused."""
    tax_classes: TaxClasses = ("standard", "reduced", "zero", "exempt")
    """The tax classes of products, `standard` first; `exempt` has no tax anywhere."""
    prices_include_tax: bool = True
    """Whether prices include their tax; otherwise it is added."""
    payment_providers: PaymentProviders = ("manual",)
    """The ways to pay for orders of carts: `manual`, `stripe`, and `test`, a bank for tests."""
    payment_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    """How long an order of a cart waits for a payment by a provider; then it is cancelled."""
    payment_capture: Literal["automatic", "on_shipment"] = "automatic"
    """When providers take the money: at once, or when the order is shipped."""
    manual_payment_hours: Annotated[int, Field(ge=1, le=8_760)] = 72
    """How long an order of a cart waits for a manual payment; then it is cancelled."""
    payment_instructions: Annotated[str, Field(max_length=1_000)] | None = None
    """How to pay, such as to a bank account, in the mail about an order; unset: nothing."""
    carriers: Carriers = {}
    """The addresses at which carriers track shipments, in JSON: each a name and an address."""
    stripe_secret_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    """The secret key of the account at Stripe, or a restricted one."""
    stripe_publishable_key: Annotated[str, Field(pattern=r"^pk_(test|live)_\w+$")] | None = None
    """The key that the payment page gives to Stripe's script; unset: pages do not offer Stripe."""
    stripe_webhook_secrets: Secrets = ()
    """The signing secrets of Stripe's events, separated by commas; two while one is replaced."""
    stripe_api_base: WebAddress | None = None
    """The address of a server that speaks Stripe's API, for tests; unset: that of Stripe."""
    return_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """How long after its last delivery an order can be returned."""
    invoice_on: Literal["paid", "shipped"] = "paid"
    """When an order is invoiced."""
    invoice_series: Series = "R{year}-"
    """The prefix of the numbers of invoices; each series counts from 1 without a gap."""
    credit_note_series: Series = "G{year}-"
    """The prefix of the numbers of credit notes."""
    shop_timezone: Zone = "UTC"
    """The time zone of the shop day; the report of a day is made when the day has ended."""
    report_cron: Schedule = "0 0 * * *"
    """When the reports of past days are made, as a cron expression in that zone."""
    low_stock_at: Annotated[int, Field(ge=0)] = 5
    """The stock at which lists show a product as `low`; the same for all processes, 0: never."""
    test_clock: bool = False
    """Lets administrators move the time of all processes with the same `DATA_DIR`, for tests."""

    media_store: MediaStore = "folder:media"
    """The store of image files: `folder:` and a path in `DATA_DIR`, or `s3://` and a bucket."""
    media_url: MediaUrl = "/media/"
    """The prefix of the names of these files in responses: `/media/`, or the address of a CDN."""

    db_host: Host | None = None
    """The server of PostgreSQL; unset: SQLite under `DATA_DIR`."""
    db_port: Port = 5432
    """The port of PostgreSQL."""
    db_pool_size: Annotated[int, Field(ge=1, le=200)] = 10
    """How many connections to PostgreSQL a process opens at most."""
    postgres_user: str = "lavka"
    """The user of PostgreSQL."""
    postgres_password: SecretStr = SecretStr("lavka")
    """The password of that user."""
    postgres_db: str = "lavka"
    """The database in PostgreSQL."""
    pgsslmode: (
        Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None
    ) = None
    """TLS to PostgreSQL, as libpq defines it; unset: `prefer`, unverified."""
    pgsslrootcert: File | None = None
    """The certificate authority of PostgreSQL, as a file."""
    pgsslcert: File | None = None
    """The certificate that the shop shows to PostgreSQL, as a file."""
    pgsslkey: File | None = None
    """The key of that certificate, as a file."""
    pgsslcrl: File | None = None
    """Revoked certificates of PostgreSQL, as a file."""

    rabbitmq_host: Host | None = None
    """The server of RabbitMQ; unset: commands wait in the database, and `main.py` applies them."""
    rabbitmq_port: Port = 5672
    """The port of RabbitMQ."""
    rabbitmq_vhost: str = "/"
    """The virtual host in RabbitMQ."""
    rabbitmq_user: str = "guest"
    """The user of RabbitMQ."""
    rabbitmq_password: SecretStr = SecretStr("guest")
    """The password of that user."""

    message_wait_hours: Count = 24
    """How long an `order_update` or `product_update` waits for its order or product to arrive."""
    dead_letter_days: Count = 90
    """How long a dead letter is kept."""

    redis_host: Host | None = None
    """The server of Redis; unset: each process caches and counts in its own memory."""
    redis_port: Port = 6379
    """The port of Redis."""
    redis_db: Annotated[int, Field(ge=0)] = 0
    """The number of the database in Redis."""
    redis_password: SecretStr | None = None
    """The password of Redis."""
    redis_decode_responses: bool = False
    """Accepted, but has no effect: cached values are bytes."""

    cache_max_entries: Annotated[int, Field(ge=100)] = 20_000
    """The limit of entries in the cache of a process."""
    cache_max_mib: Count = 64
    """The limit of its memory, in MiB."""

    secret_key: SecretStr | None = None
    """Signs tokens; unset: a key that the first start generates and stores in the database."""
    previous_secret_key: SecretStr | None = None
    """Verifies tokens but does not sign them; set it while a key is replaced."""
    admin_email: str = "admin@example.com"
    """The administrator whom the first start adds."""
    admin_password: SecretStr | None = None
    """The password of that administrator; unset: one is generated and printed."""
    access_token_seconds: Count = 15 * 60
    """How long an access token is valid."""
    refresh_token_days: Count = 30
    """How long a refresh token is valid."""
    password_memory_kib: Annotated[int, Field(ge=8)] = 19_456
    """The memory of argon2id, in KiB; a password is hashed again at a log-in after a change."""
    password_iterations: Count = 2
    """The passes of argon2id."""

    login_limit_per_account: Count = 5
    """Log-ins of one user in a minute."""
    login_limit_per_address: Count = 20
    """Log-ins and registrations from one network address in a minute."""
    code_limit_per_minute: Count = 10
    """Coupon codes entered from one network address, or into one cart, in a minute."""
    rate_limit_per_minute: Annotated[int, Field(ge=0)] = 12_000
    """All requests from one network address to one process in a minute; 0: no limit."""

    log_format: Literal["json", "console"] | None = None
    """The format of log lines; unset: `console` on a terminal, `json` elsewhere."""
    access_log: bool = False
    """Logs one line per request, applied message and task."""
    otel_exporter_otlp_endpoint: WebAddress | None = None
    """The collector of traces, by OTLP over HTTP; unset: there are no traces."""
    otel_service_name: str = "lavka"
    """The name of the process in traces."""
    metrics_token: SecretStr | None = None
    """Lets Prometheus read `/metrics`, also while the database, which has the API keys, is down."""

    allowed_hosts: HostNames = ()
    """The host names of the shop, separated by commas; unset: any."""
    cors_origins: Origins = ()
    """Origins whose pages may call the shop from a browser, separated by commas."""
    trusted_proxies: Networks = ()
    """Addresses and networks of proxies whose `X-Forwarded-For` is trusted."""

    smtp_host: Host | None = None
    """The server for e-mail; unset: mails are printed to standard output."""
    smtp_port: Port = 587
    """The port of that server."""
    smtp_user: str | None = None
    """The user of that server."""
    smtp_password: SecretStr | None = None
    """The password of that user."""
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """The encryption to that server."""
    mail_from: MailAddress = "shop@example.com"
    """The sender of mails."""
    mail_templates: Folder | None = None
    """A folder whose files replace the texts and templates of mails about orders; unset: none."""
    storefront: Literal["on", "off"] = "on"
    """Whether the shop has pages for buyers; `off` for a shop with a separate website."""
    storefront_url: Storefront | None = None
    """The website to which mails link; unset: mails contain only the token."""

    @model_validator(mode="before")
    @classmethod
    def _take_first_currency(cls, given: Any) -> Any:
        """Use the first of several currencies as that of the shop, unless that is set."""
        names = given.get("shop_currencies") if isinstance(given, dict) else None
        if not names or given.get("shop_currency"):
            return given
        first = names.split(",")[0].strip() if isinstance(names, str) else names[0]
        return {**given, "shop_currency": first}

    @field_validator("shop_currencies")
    @classmethod
    def _begin_with_first(cls, values: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        first = info.data.get("shop_currency", values[0] if values else "")
        if values and values[0] != first:
            raise ValueError(f"must begin with SHOP_CURRENCY, which is {first}")
        return values

    @field_validator("stripe_secret_key")
    @classmethod
    def _have_what_stripe_needs(
        cls, key: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if "stripe" not in info.data.get("payment_providers", ()):
            return key
        if key is None:
            raise ValueError("must be set for PAYMENT_PROVIDERS with stripe")
        if importlib.util.find_spec("stripe") is None:
            raise ValueError(
                "needs another package; install it with "
                "`uv sync --extra stripe` or `pip install lavka[stripe]`"
            )
        return key

    @field_validator("shop_vat_id")
    @classmethod
    def _be_of_own_country(cls, number: str | None, info: ValidationInfo) -> str | None:
        origin = info.data.get("tax_origin")
        if number is not None and country_of(number) != origin:
            raise ValueError(f"must be a VAT number of TAX_ORIGIN, which is {origin or 'unset'}")
        return number

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in which prices are shown; orders are in the first one."""
        return self.shop_currencies or (self.shop_currency,)

    @property
    def signing_keys(self) -> tuple[bytes, ...]:
        """The keys of the settings, 32 bytes each; the first one signs."""
        given = (self.secret_key, self.previous_secret_key)
        return tuple(
            hashlib.sha256(key.get_secret_value().encode()).digest() for key in given if key
        )

    @property
    def captures_payments(self) -> bool:
        """Whether providers take the money at once."""
        return self.payment_capture == "automatic"

    @property
    def data_file(self) -> Path | None:
        """The file of SQLite, or None with PostgreSQL."""
        return self.data_dir / "lavka.db" if self.db_host is None else None

    @property
    def media_folder(self) -> Path:
        """The folder of the files of images, if they are not in a bucket."""
        return self.data_dir / self.media_store.removeprefix("folder:")

    @property
    def media_bucket(self) -> tuple[str, str] | None:
        """The bucket of the files of images and the prefix of their names, or None."""
        place = self.media_store.removeprefix("s3://")
        if place == self.media_store:
            return None
        bucket, _, prefix = place.partition("/")
        return bucket, prefix

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
