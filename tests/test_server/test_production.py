"""The settings that `ENVIRONMENT=production` refuses and accepts."""

import secrets

import pytest

from app.configuration.predictable import is_predictable
from app.configuration.production import RULES
from app.settings import InvalidSettings, get_settings, production_faults

pytestmark = pytest.mark.usefixtures("no_settings")

KEY = "Zr8vQ1mXn4tKc7hLw2pYd9sBf6gJe3aU"
# All settings that `production` checks, with accepted values.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "WORKERS": "4",
    "SECRET_KEY": KEY,
    "METRICS_TOKEN": KEY[::-1],
    "DB_HOST": "db.example",
    "POSTGRES_PASSWORD": "s3cret@/:?-8fK2",
    "RABBITMQ_HOST": "rabbitmq",
    "RABBITMQ_PASSWORD": "carrot-8fK2-nibble",
    "REDIS_HOST": "redis",
    "REDIS_PASSWORD": "radish-8fK2-bunch",
    "ADMIN_PASSWORD": "correct horse battery staple",
    "CORS_ORIGINS": "https://www.example",
    "ALLOWED_HOSTS": "shop.example,*.shop.example",
    "TRUSTED_PROXIES": "10.1.0.0/16,192.0.2.7,2001:db8::/32,172.64.0.0/13",
    "SMTP_HOST": "smtp.example",
    "SMTP_USER": "shop",
    "SMTP_PASSWORD": "x7Gq-pw",
    "STOREFRONT_URL": "https://www.example/shop",
    "PASSWORD_MEMORY_KIB": "19456",
    "PASSWORD_ITERATIONS": "2",
}
RANDOM = "use the output of `openssl rand -base64 32`"
FEW = f"has fewer than 32 characters; {RANDOM}"
PATTERN = f"repeats, is a sequence, or is made of words; {RANDOM}"
KNOWN = f"is well known, a pattern or the name of its user; {RANDOM}"
SHORT = f"has fewer than 12 characters; {RANDOM}"
CHEAP = (
    "PASSWORD_MEMORY_KIB, PASSWORD_ITERATIONS: are less than OWASP's minimum for argon2id: "
    "47104 and 1, 19456 and 2, 12288 and 3, 9216 and 4, 7168 and 5; "
    "set PASSWORD_MEMORY_KIB=19456 and PASSWORD_ITERATIONS=2"
)
HOSTS = (
    "ALLOWED_HOSTS: is not set, or has `*` or all names of a top-level domain; "
    "for example ALLOWED_HOSTS=shop.example.com"
)
ORIGINS = (
    "CORS_ORIGINS: has `*`, or an origin without `https://`; "
    "for example CORS_ORIGINS=https://www.example.com"
)
WIDE = (
    "TRUSTED_PROXIES: has a network wider than /12, or /24 of IPv6: anybody in it can choose its "
    "address; for example TRUSTED_PROXIES=192.0.2.7,10.1.2.0/24"
)
LINKS = (
    "STOREFRONT_URL: does not begin with `https://`: links of mails contain tokens; "
    "for example STOREFRONT_URL=https://www.example.com"
)
CLEAR = (
    "SMTP_SECURITY: is `none` for another machine: mails contain tokens; "
    "for example SMTP_SECURITY=starttls"
)
BOTH = "SMTP_PASSWORD: is set without SMTP_USER, or is missing for it; set both, or neither of them"
FAULTS: list[tuple[dict[str, str], str]] = [
    (
        {"TEST_CLOCK": "1"},
        "TEST_CLOCK: lets administrators move the time; set TEST_CLOCK=false",
    ),
    (
        {"PAYMENT_PROVIDERS": "manual,test"},
        "PAYMENT_PROVIDERS: has a bank for tests, which takes no money; leave `test` out",
    ),
    ({"METRICS_TOKEN": "short"}, f"METRICS_TOKEN: {FEW}"),
    ({"METRICS_TOKEN": "0123456789" * 4}, f"METRICS_TOKEN: {PATTERN}"),
    (
        {"METRICS_TOKEN": KEY},
        f"METRICS_TOKEN: is also a SECRET_KEY, which Prometheus must not know; {RANDOM}",
    ),
    ({"PREVIOUS_SECRET_KEY": "short"}, f"PREVIOUS_SECRET_KEY: {FEW}"),
    ({"PREVIOUS_SECRET_KEY": "a" * 40}, f"PREVIOUS_SECRET_KEY: {PATTERN}"),
    ({"SECRET_KEY": ""}, f"SECRET_KEY: is not set; {RANDOM}"),
    ({"SECRET_KEY": KEY[1:]}, f"SECRET_KEY: {FEW}"),
    ({"SECRET_KEY": "0123456789" * 4}, f"SECRET_KEY: {PATTERN}"),
    ({"SECRET_KEY": "change-me" * 4}, f"SECRET_KEY: {PATTERN}"),
    (
        {"DB_HOST": ""},
        "WORKERS: is more than 1 on SQLite, which has one writer; "
        "set WORKERS=1, or DB_HOST for PostgreSQL",
    ),
    ({"POSTGRES_PASSWORD": ""}, f"POSTGRES_PASSWORD: {KNOWN}"),
    ({"POSTGRES_PASSWORD": "changeme"}, f"POSTGRES_PASSWORD: {KNOWN}"),
    ({"POSTGRES_PASSWORD": "P@ssw0rd-2024!"}, f"POSTGRES_PASSWORD: {KNOWN}"),
    ({"POSTGRES_PASSWORD": "123456789012"}, f"POSTGRES_PASSWORD: {KNOWN}"),
    ({"POSTGRES_PASSWORD": "x7Gq-pw"}, f"POSTGRES_PASSWORD: {SHORT}"),
    (
        {"POSTGRES_PASSWORD": "bookkeeper-9", "POSTGRES_USER": "bookkeeper-9"},
        f"POSTGRES_PASSWORD: {KNOWN}",
    ),
    ({"RABBITMQ_PASSWORD": ""}, f"RABBITMQ_PASSWORD: {KNOWN}"),
    ({"REDIS_PASSWORD": ""}, f"REDIS_PASSWORD: {KNOWN}"),
    ({"REDIS_PASSWORD": "redis"}, f"REDIS_PASSWORD: {KNOWN}"),
    ({"ADMIN_PASSWORD": "change-me"}, f"ADMIN_PASSWORD: {KNOWN}"),
    ({"ADMIN_PASSWORD": "x7Gq-pw"}, f"ADMIN_PASSWORD: {SHORT}"),
    (
        {"SMTP_PASSWORD": "welcome"},
        "SMTP_PASSWORD: is well known, a pattern or the name of its user; "
        "use the one of the mail server",
    ),
    ({"SMTP_PASSWORD": ""}, BOTH),
    ({"SMTP_USER": ""}, BOTH),
    ({"CORS_ORIGINS": "https://www.example,*"}, ORIGINS),
    ({"CORS_ORIGINS": "http://www.example"}, ORIGINS),
    ({"ALLOWED_HOSTS": ""}, HOSTS),
    ({"ALLOWED_HOSTS": "shop.example,*"}, HOSTS),
    ({"ALLOWED_HOSTS": "*.example"}, HOSTS),
    ({"TRUSTED_PROXIES": "0.0.0.0/0"}, WIDE),
    ({"TRUSTED_PROXIES": "192.0.2.7,::/0"}, WIDE),
    ({"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"}, WIDE),
    ({"TRUSTED_PROXIES": "10.0.0.0/8"}, WIDE),
    (
        {"SMTP_HOST": ""},
        "SMTP_HOST: is not set: mails with tokens would be printed; "
        "for example SMTP_HOST=smtp.example.com",
    ),
    ({"SMTP_SECURITY": "none"}, CLEAR),
    ({"STOREFRONT_URL": "http://www.example"}, LINKS),
    (
        {"STRIPE_API_BASE": "http://stripe.example"},
        "STRIPE_API_BASE: does not begin with `https://`: requests contain the key of the account; "
        "set STRIPE_API_BASE to nothing, for Stripe itself",
    ),
    ({"PASSWORD_MEMORY_KIB": "19455"}, CHEAP),
    ({"PASSWORD_ITERATIONS": "1"}, CHEAP),
    ({"PASSWORD_MEMORY_KIB": "8", "PASSWORD_ITERATIONS": "5000"}, CHEAP),
    (
        {"LOGIN_LIMIT_PER_ACCOUNT": "1001"},
        "LOGIN_LIMIT_PER_ACCOUNT: is more than 1000 a minute: passwords can be guessed; "
        "for example LOGIN_LIMIT_PER_ACCOUNT=5",
    ),
    (
        {"LOGIN_LIMIT_PER_ADDRESS": "1001"},
        "LOGIN_LIMIT_PER_ADDRESS: is more than 1000 a minute: passwords can be guessed; "
        "for example LOGIN_LIMIT_PER_ADDRESS=20",
    ),
    (
        {"ACCESS_TOKEN_SECONDS": "3601"},
        "ACCESS_TOKEN_SECONDS: is more than an hour; for example ACCESS_TOKEN_SECONDS=900",
    ),
    (
        {"REFRESH_TOKEN_DAYS": "366"},
        "REFRESH_TOKEN_DAYS: is more than a year; for example REFRESH_TOKEN_DAYS=30",
    ),
]


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_safe_settings_are_accepted_in_production(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, PRODUCTION)
    settings = get_settings()
    assert settings.environment == "production"
    assert not list(production_faults(settings))


def test_production_ignores_settings_that_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ("ENVIRONMENT", "SECRET_KEY", "ALLOWED_HOSTS", "SMTP_HOST")
    set_all(monkeypatch, {name: PRODUCTION[name] for name in needed})
    monkeypatch.setenv("REDIS_HOST", "localhost")
    assert get_settings().environment == "production"


@pytest.mark.parametrize(("change", "fault"), FAULTS)
def test_unsafe_settings_are_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], fault: str
) -> None:
    set_all(monkeypatch, PRODUCTION | change)
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    assert str(refused.value) == f"not allowed with ENVIRONMENT=production:\n  {fault}"
    monkeypatch.setenv("ENVIRONMENT", "development")
    get_settings.cache_clear()
    assert get_settings().environment == "development"


def test_every_rule_is_tested() -> None:
    tested = [fault for _, fault in FAULTS]
    rules = {rule.fault for rule in RULES if not rule.name.startswith(("RABBITMQ", "REDIS"))}
    assert rules <= set(tested)


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION | {"SMTP_HOST": "", "ALLOWED_HOSTS": ""})
    with pytest.raises(InvalidSettings, match="  SMTP_HOST: .*\n  ALLOWED_HOSTS: "):
        get_settings()


@pytest.mark.parametrize(
    "key",
    [
        "0123456789" * 4,
        "01234567-89ab-cdef-0123-456789abcdef",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "9876543210987654321098765432109876",
        "qwertyuiopasdfghjklzxcvbnm123456",
        "aabbccddeeffgghhiijjkkllmmnnoopp",
        "deadbeefdeadbeefdeadbeefdeadbeef",
        "00000000000000000000000000000001",
        "passwordpasswordpasswordpassword",
        "changemechangemechangeme12345678",
        "mysupersecretkeythatnobodyknows12",
        "Th1s1sMyS3cretKeyF0rTheSh0p12345",
        "this-is-a-very-long-secret-key-please",
        "correct-horse-battery-staple-correct",
        "the quick brown fox jumps over the lazy dog",
    ],
)
def test_a_guessable_key_is_recognized(key: str) -> None:
    assert is_predictable(key)


def test_a_random_key_is_accepted() -> None:
    for _ in range(200):
        assert not is_predictable(secrets.token_urlsafe(32))
        assert not is_predictable(secrets.token_hex(32))
