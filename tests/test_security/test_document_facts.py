"""The numbers and lists of docs/security.md are those of the code."""

# pylint: disable=protected-access  # the constants are compared with the document, not used

import ast
import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from argon2 import PasswordHasher

from app.core.limits import MAX_BODY_BYTES, MAX_BULK_BODY_BYTES, MAX_LINE_QUANTITY, MAX_LINES
from app.database import deadline, engines
from app.errors import Unavailable
from app.gateways import image_header
from app.models import Base
from app.runtime import http_server
from app.scheduler import _CLEANUP_SECONDS
from app.schemas.identity.auth_schema import MAX_SESSIONS
from app.schemas.identity.user_schema import MAX_ADDRESSES
from app.schemas.page_schema import MAX_ITEMS
from app.schemas.reports.report_schema import MAX_CHART_DAYS
from app.security import passwords, rate_limits
from app.security.areas import AUDITED, SCOPES
from app.security.identity_cache import MEMORY
from app.security.passwords import Passwords
from app.security.tokens import _RANDOM_BYTES, TokenKind, random_secret
from app.services.data import guest_data_service
from app.services.identity import account_service, start_service
from app.services.identity.identity_service import _USE_INTERVAL
from app.services.system import idempotency_service, mail_service
from app.settings import Settings
from app.tables.products.images import MAX_IMAGES
from app.web import uploads
from app.web.event_streams import MAX_STREAMS, MAX_STREAMS_PER_CLIENT
from app.web.middleware import body_limits
from app.web.rendering import operation_events

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
SETTINGS = {name: field.default for name, field in Settings.model_fields.items()}
_PASSWORD = start_service.generate_password()
_PASSWORD_BITS = math.floor(math.log2(31) * len(_PASSWORD.replace("-", "")))

# Parts of sentences and cells of the document, with the numbers of the code.
FACTS = (
    f"own username and e-mail address, from {passwords._MIN_NAME_LENGTH} characters on.",
    f"| access | every request | `ACCESS_TOKEN_SECONDS`, {SETTINGS['access_token_seconds'] // 60} "
    "minutes |",
    f"`REFRESH_TOKEN_DAYS` after it began, {SETTINGS['refresh_token_days']} days |",
    f"by mail | {account_service.RESET_LIFETIME.seconds // 3_600} hour, and until password",
    f"by mail | {account_service.VERIFY_LIFETIME.days} days, and until the address",
    f"| proof of a guest's address | export and erasure of the guest's data, by mail | "
    f"{guest_data_service.LIFETIME.seconds // 3_600} hour, and until an erasure |",
    f"A user has up to {MAX_SESSIONS} log-ins at once",
    f"{MAX_ADDRESSES} addresses, exactly one of them primary, if there are any; {MAX_SESSIONS} ",
    f"may accept a token for {MEMORY.seconds} seconds more",
    f"| {SETTINGS['login_limit_per_account']} | `LOGIN_LIMIT_PER_ACCOUNT` |",
    f"| {SETTINGS['login_limit_per_address']} | `LOGIN_LIMIT_PER_ADDRESS` |",
    f"| {SETTINGS['rate_limit_per_minute']:,}; 0 is none | `RATE_LIMIT_PER_MINUTE` |",
    f"does not answer within {rate_limits._REDIS_TIMEOUT_SECONDS * 1_000:.0f} ms, each process "
    f"allows a {dict([(4, 'quarter')])[rate_limits._SHARE_ALONE]} of the limit by its own count, "
    f"and tries Redis again after {dict([(1.0, 'a second')])[rate_limits.REDIS_REST_SECONDS]}.",
    f"is repeated for {idempotency_service.RETENTION.total_seconds() / 3_600:.0f} hours",
    f"{http_server._MAX_CONNECTIONS:,} of a process, or what the limit of open files allows; "
    f"request line and headers up to {http_server._MAX_HEAD_BYTES // 1_024} KiB and 100 headers, "
    f"within {http_server._HEADER_SECONDS} s; closed after {http_server._HEADER_SECONDS} s",
    f"| body | {MAX_BODY_BYTES // 1_024} KiB, within "
    f"{body_limits.BODY_TIMEOUT_SECONDS * (1 - body_limits._TIMEOUT_SPREAD):.0f} to "
    f"{body_limits.BODY_TIMEOUT_SECONDS:.0f} s; {MAX_BULK_BODY_BYTES // 1_024**2} MiB for "
    "`POST /products/bulk`",
    f"| {image_header.MAX_BYTES // 1_024**2} MiB, within {uploads.UPLOAD_SECONDS:.0f} s; "
    f"{image_header.MAX_PIXELS:,} pixels and {image_header.MAX_SIDE:,} on a side, "
    f"{image_header.MAX_DECODER_BYTES // 1_024**2} MiB of memory to decode it; {MAX_IMAGES} of a",
    f"| uploads | {uploads.MAX_UPLOADS_PER_CLIENT} from a network address, "
    f"{uploads.MAX_UPLOADS} of a process, then 429 |",
    f"which take more than {body_limits.SLOW_SECONDS:.0f} to "
    f"{body_limits.SLOW_SECONDS * (1 + body_limits._SLOW_SPREAD):.0f} s | "
    f"{body_limits.MAX_SLOW_BODIES_PER_CLIENT} from a network address, "
    f"{body_limits.MAX_SLOW_BODIES:,} of a process",
    f"| event streams | {MAX_STREAMS_PER_CLIENT} from a network address, {MAX_STREAMS:,} of a "
    f"process, then 429; {operation_events._LONGEST_SECONDS:.0f} s each |",
    f"| list | {MAX_ITEMS} items a page |",
    f"| order | 1 to {MAX_LINES} lines, 1 to {MAX_LINE_QUANTITY:,} units each;",
    f"{passwords._AT_ONCE} at once, {passwords._MAX_WAITING} in progress or waiting",
    f"after {deadline.ANSWER_SECONDS} s without an answer the caller gets 503",
    f"a background task ends after {engines._STATEMENT_TIMEOUT_SECONDS} s",
    f"{engines._SQLITE_BUSY_TIMEOUT_SECONDS} s of waiting for another process, and 503 after "
    f"{deadline.ANSWER_SECONDS} s |",
    f"`DB_POOL_SIZE` a process, 40 % of them for reads only and one for orders; a request "
    f"waits "
    f"{deadline.ANSWER_SECONDS} s",
    f"| charts | at most {MAX_CHART_DAYS} days;",
    f"or {start_service._KEY_BYTES} random bytes, generated at the first start",
    f"API keys have {_RANDOM_BYTES * 8}, the signing key {start_service._KEY_BYTES * 8}, a "
    f"generated password {_PASSWORD_BITS},",
    f"given up after {dict([(10, 'ten')])[mail_service._MAX_ATTEMPTS]} attempts",
    f"uses of an API key (once {dict([(60.0, 'a minute')])[_USE_INTERVAL.total_seconds()]},",
    f"deleted within {dict([(3_600, 'the hour')])[_CLEANUP_SECONDS]} after that",
    f"argon2id, {SETTINGS['password_memory_kib']:,} KiB, {SETTINGS['password_iterations']} passes",
)
# The modules that open connections; no other may import a library that does.
CLIENTS = {
    "aiohttp": ("app/gateways/payments/stripe_provider.py",),
    "aio_pika": ("app/messaging/rabbitmq", "app/rabbitmq_consumer.py"),
    "aiormq": ("app/messaging/rabbitmq",),
    "aiosmtplib": ("app/jobs/mail_delivery.py",),
    "asyncpg": ("app/database",),
    "obstore": ("app/gateways/s3_store.py",),
    "opentelemetry": ("app/observability/tracing.py",),
    "redis": ("app/cache", "app/security/rate_limits.py"),
    # The second module uses only the errors of `socket`.
    "socket": ("app/server.py", "app/database/outages.py"),
    "stripe": ("app/gateways/payments/stripe_provider.py",),
    "taskiq_aio_pika": ("app/scheduler.py",),
    "taskiq_redis": ("app/scheduler.py",),
}
NEVER = {
    "ftplib",
    "http.client",
    "httpx",
    "marshal",
    "multiprocessing.connection",
    "pickle",
    "requests",
    "shelve",
    "smtplib",
    "subprocess",
    "urllib.request",
}


def section(heading: str) -> str:
    """Return the text below a heading of the third level."""
    return DOCUMENT.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]


def imports() -> Iterator[tuple[str, str]]:
    """Yield each file of the shop with each module that it imports."""
    for path in (ROOT / "main.py", *sorted((ROOT / "app").rglob("*.py"))):
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((place, each.name) for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                yield place, node.module
                yield from ((place, f"{node.module}.{each.name}") for each in node.names)


@pytest.mark.parametrize("fact", FACTS)
def test_a_number_of_the_document_is_that_of_the_code(fact: str) -> None:
    assert fact in DOCUMENT


async def test_of_65_passwords_at_once_the_last_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    hashing, may_go = [], Event()
    sound = PasswordHasher.hash

    def slow(self: PasswordHasher, password: str) -> str:
        hashing.append(password)
        may_go.wait(10)
        return sound(self, password)

    monkeypatch.setattr(PasswordHasher, "hash", slow)
    its = Passwords(memory_kib=8, iterations=1)
    waiting = [asyncio.create_task(its.hash(str(number))) for number in range(64)]
    try:
        await asyncio.sleep(0.2)
        assert hashing == ["0", "1", "2", "3"]
        with pytest.raises(Unavailable):
            await asyncio.wait_for(its.hash("64"), 1)
    finally:
        may_go.set()
    assert len(set(await asyncio.gather(*waiting))) == 64
    assert await its.verify("64", await its.hash("64"))
    its.close()


def test_a_generated_secret_has_as_many_random_bits_as_the_document_says() -> None:
    letters = set("".join(start_service.generate_password() for _ in range(500))) - {"-"}
    assert len(letters) == 31 and len(_PASSWORD) == 35
    # 32 bytes in base64, without padding.
    assert len(random_secret()) == 43 and random_secret() != random_secret()


def test_every_service_that_a_setting_names_is_a_connection_of_the_document() -> None:
    named = {name for name in SETTINGS if name.endswith(("_host", "_endpoint"))}
    assert len(named) == 5
    table = section("Connections")
    assert [name for name in named if f"`{name.upper()}`" not in table] == []


def test_only_the_modules_of_the_listed_connections_can_open_one() -> None:
    found = set(imports())
    assert {name for _, name in found} & NEVER == set()
    for place, name in found:
        rooms = CLIENTS.get(name.partition(".")[0])
        if rooms is not None:
            assert place.startswith(rooms), f"{place} imports {name}"
    assert {name.partition(".")[0] for _, name in found} >= CLIENTS.keys()


def test_every_kind_of_token_and_secret_of_a_caller_is_a_method_of_the_document() -> None:
    table = section("Authentication methods")
    words = {
        TokenKind.ACCESS: "access token",
        TokenKind.REFRESH: "refresh token",
        TokenKind.RESET_PASSWORD: "reset of a password",
        TokenKind.VERIFY_EMAIL: "verification of an address",
    }
    assert words.keys() == set(TokenKind)
    for method in (
        *words.values(),
        "proof of a guest's address",
        "API key",
        "`METRICS_TOKEN`",
        "RabbitMQ",
        "`lavka admin`",
    ):
        assert f"\n| {method}" in table, method


def test_every_scope_has_a_row_of_who_may_do_what() -> None:
    table = section("Who may do what")
    assert [scope for scope in SCOPES if f"`{scope}`" not in table] == []


def test_every_kind_of_audit_event_is_named_by_the_document() -> None:
    words = {
        "login.succeeded": "log-ins",
        "login.failed": "failed log-ins",
        "login.ended": "log-outs",
        "refresh-token.reused": "reuse of a refresh token",
        "password.changed": "changes and resets of passwords",
        "password.reset": "changes and resets of passwords",
        "password.forgotten": "requests for them",
        "email.changed": "changes and verifications of addresses",
        "email.verified": "changes and verifications of addresses",
        "role.changed": "changes of roles, access and prices",
        "access.changed": "changes of roles, access and prices",
        "price.changed": "changes of roles, access and prices",
        "tax_rate.added": "rates of tax",
        "tax_rate.deleted": "rates of tax",
        "shipping_method.added": "shipping methods",
        "shipping_method.changed": "shipping methods",
        "shipping_method.deleted": "shipping methods",
        "promotion.added": "promotions and coupons",
        "promotion.changed": "promotions and coupons",
        "promotion.ended": "promotions and coupons",
        "coupon.added": "promotions and coupons",
        "coupon.changed": "promotions and coupons",
        "payment.seen": "payments that staff has looked at",
        "payment.unknown": "payments that only their provider knows",
        "api-key.created": "creation and revocation of API keys",
        "api-key.revoked": "creation and revocation of API keys",
        "user.exported": "exports and erasures",
        "user.erased": "exports and erasures",
        "guest.asked": "requests of guests for their data",
        "guest.exported": "exports and erasures",
        "guest.erased": "exports and erasures",
        "dead-letter.requeued": "requeued and discarded dead letters",
        "dead-letter.discarded": "requeued and discarded dead letters",
    }
    assert words.keys() == set(AUDITED)
    assert [each for each in words.values() if each not in section("Audit")] == []


CLASSES_OF_DATA = {
    "addresses": "users, addresses,",
    "api_keys": "API keys",
    "applied_settings": "applied settings",
    "audit_events": "audit events",
    "cache_drops": "changes for the cache",
    "cart_lines": "carts",
    "carts": "carts",
    "categories": "categories",
    "category_redirects": "categories",
    "category_tree": "categories",
    "coupons": "coupons",
    "daily_reports": "reports",
    "dead_letters": "dead letters",
    "errands": "errands",
    "guest_proofs": "proofs of guests",
    "idempotency_keys": "stored responses",
    "images": "images",
    "inbox": "(inbox)",
    "login_sessions": "log-ins",
    "operations": "operations",
    "order_adjustments": "orders with their changes",
    "order_cancellations": "orders with their changes",
    "bank_payments": "the bank for tests",
    "bank_refunds": "the bank for tests",
    "payment_steps": "orders with their changes, shipments, returns, payments and invoices",
    "payments": "orders with their changes, shipments, returns, payments and invoices",
    "invoice_series": "orders with their changes, shipments, returns, payments and invoices",
    "invoices": "orders with their changes, shipments, returns, payments and invoices",
    "refunds": "orders with their changes, shipments, returns, payments and invoices",
    "order_changes": "orders with their changes",
    "order_drafts": "orders with their changes",
    "order_items": "orders with their changes",
    "order_mails": "mails",
    "order_taxes": "orders with their changes",
    "orders": "orders with their changes",
    "outbox": "outbox",
    "outgoing_mails": "mails",
    "price_lists": "price lists",
    "prices": "prices",
    "product_categories": "categories",
    "product_facets": "products for sale",
    "products": "products for sale",
    "promotions": "promotions",
    "redemptions": "orders with their changes",
    "renditions": "images",
    "report_lines": "reports",
    "report_money": "reports",
    "report_products": "reports",
    "report_taxes": "reports",
    "return_lines": "orders with their changes",
    "returns": "orders with their changes",
    "shipment_lines": "orders with their changes",
    "shipments": "orders with their changes",
    "shipping_methods": "shipping methods",
    "shipping_rates": "shipping methods",
    "shop_secrets": "a generated signing key",
    "stock_movements": "movements",
    "suspect_messages": "suspect messages",
    "tax_rates": "rates of tax",
    "users": "users, addresses,",
    "variants": "variants",
}


def test_every_table_has_a_class_of_data() -> None:
    assert CLASSES_OF_DATA.keys() == set(Base.metadata.tables)
    assert [each for each in CLASSES_OF_DATA.values() if each not in section("Data")] == []
