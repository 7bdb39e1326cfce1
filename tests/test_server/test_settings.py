"""Settings come from the environment and `.env`, by the names that are promised."""

import os
import re
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from app.settings import InvalidSettings, Settings, get_settings, production_faults

PROMISED: dict[str, tuple[str, Any]] = {
    "POSTGRES_USER": ("keeper", "keeper"),
    "POSTGRES_PASSWORD": ("s3cret@/:?", "s3cret@/:?"),
    "POSTGRES_DB": ("corner", "corner"),
    "DB_HOST": ("db.example", "db.example"),
    "DB_PORT": ("5433", 5433),
    "HOST": ("0.0.0.0", "0.0.0.0"),
    "PORT": ("8080", 8080),
    "RABBITMQ_HOST": ("rabbitmq", "rabbitmq"),
    "RABBITMQ_PORT": ("5673", 5673),
    "RABBITMQ_VHOST": ("local", "local"),
    "RABBITMQ_USER": ("rabbit", "rabbit"),
    "RABBITMQ_PASSWORD": ("carrot", "carrot"),
    "REDIS_HOST": ("redis", "redis"),
    "REDIS_PORT": ("6380", 6380),
    "REDIS_DB": ("3", 3),
    "REDIS_PASSWORD": ("radish", "radish"),
    "REDIS_DECODE_RESPONSES": ("true", True),
    "SHOP_TIMEZONE": ("Australia/Lord_Howe", "Australia/Lord_Howe"),
    "TEST_CLOCK": ("1", True),
    "ENVIRONMENT": ("production", "production"),
    "SECRET_KEY": ("a key", "a key"),
    "PREVIOUS_SECRET_KEY": ("an older key", "an older key"),
    "ADMIN_EMAIL": ("boss@example.com", "boss@example.com"),
    "ADMIN_PASSWORD": ("a password", "a password"),
    "LOGIN_LIMIT_PER_ACCOUNT": ("3", 3),
    "LOGIN_LIMIT_PER_ADDRESS": ("30", 30),
    "RATE_LIMIT_PER_MINUTE": ("0", 0),
    "ALLOWED_HOSTS": (
        "shop.example,*.shop.example",
        ("shop.example", "*.shop.example"),
    ),
    "CORS_ORIGINS": (
        "https://a.example,https://b.example",
        ("https://a.example", "https://b.example"),
    ),
    "TRUSTED_PROXIES": (
        "10.0.0.0/8,192.0.2.7,2001:db8::/32",
        (ip_network("10.0.0.0/8"), ip_network("192.0.2.7/32"), ip_network("2001:db8::/32")),
    ),
    "SMTP_HOST": ("smtp.example", "smtp.example"),
    "SMTP_PORT": ("465", 465),
    "SMTP_USER": ("postman", "postman"),
    "SMTP_PASSWORD": ("a stamp", "a stamp"),
    "SMTP_SECURITY": ("tls", "tls"),
    "MAIL_FROM": ("corner@example.com", "corner@example.com"),
    "METRICS_TOKEN": ("a token", "a token"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("http://otel.example:4318", "http://otel.example:4318"),
    "LOG_FORMAT": ("console", "console"),
    "STOREFRONT_URL": ("https://www.example", "https://www.example"),
}
SECRETS = [
    "POSTGRES_PASSWORD",
    "RABBITMQ_PASSWORD",
    "REDIS_PASSWORD",
    "SECRET_KEY",
    "PREVIOUS_SECRET_KEY",
    "ADMIN_PASSWORD",
    "SMTP_PASSWORD",
    "METRICS_TOKEN",
]
# Everything that `production` checks, with values that it accepts.
PRODUCTION = {
    "ENVIRONMENT": "production",
    "WORKERS": "4",
    "SECRET_KEY": "Zr8vQ1mXn4tKc7hLw2pYd9sBf6gJe3aU",
    "DB_HOST": "db.example",
    "POSTGRES_PASSWORD": "s3cret@/:?",
    "RABBITMQ_HOST": "rabbitmq",
    "RABBITMQ_PASSWORD": "carrot",
    "ADMIN_PASSWORD": "correct horse battery staple",
    "CORS_ORIGINS": "https://www.example",
    "ALLOWED_HOSTS": "shop.example",
    "SMTP_HOST": "smtp.example",
    "PASSWORD_MEMORY_KIB": "19456",
    "PASSWORD_ITERATIONS": "2",
}
RANDOM = "`openssl rand -base64 32`"
SHORT = f"must be at least 32 random characters (for example the output of {RANDOM})"
HOSTS = (
    "ALLOWED_HOSTS: must list the shop's host names (for example ALLOWED_HOSTS=shop.example.com)"
)
CHEAP = "PASSWORD_MEMORY_KIB, PASSWORD_ITERATIONS: must be at least 19456 and 2"
FAULTS: list[tuple[dict[str, str], str]] = [
    (
        {"TEST_CLOCK": "1"},
        "TEST_CLOCK: an administrator could move the time; set TEST_CLOCK=false",
    ),
    ({"METRICS_TOKEN": "short"}, f"METRICS_TOKEN: {SHORT}"),
    ({"PREVIOUS_SECRET_KEY": "short"}, f"PREVIOUS_SECRET_KEY: {SHORT}"),
    ({"SECRET_KEY": ""}, f"SECRET_KEY: {SHORT}"),
    ({"SECRET_KEY": PRODUCTION["SECRET_KEY"][1:]}, f"SECRET_KEY: {SHORT}"),
    (
        {"SECRET_KEY": "change-me" * 4},
        f"SECRET_KEY: does not look random; use the output of {RANDOM}",
    ),
    (
        {"DB_HOST": ""},
        "WORKERS: SQLite has one writer; set WORKERS=1, or DB_HOST for several processes on "
        "PostgreSQL",
    ),
    (
        {"POSTGRES_PASSWORD": ""},
        f"POSTGRES_PASSWORD: is well known (POSTGRES_USER is lavka); use the output of {RANDOM}",
    ),
    (
        {"POSTGRES_PASSWORD": "keeper", "POSTGRES_USER": "keeper"},
        f"POSTGRES_PASSWORD: is well known (POSTGRES_USER is keeper); use the output of {RANDOM}",
    ),
    (
        {"RABBITMQ_PASSWORD": ""},
        f"RABBITMQ_PASSWORD: is well known (RABBITMQ_USER is guest); use the output of {RANDOM}",
    ),
    (
        {"ADMIN_PASSWORD": "change-me"},
        "ADMIN_PASSWORD: is well known; choose another one, or unset it to have one generated",
    ),
    (
        {"CORS_ORIGINS": "https://www.example,*"},
        "CORS_ORIGINS: must list origins instead of * "
        "(for example CORS_ORIGINS=https://www.example.com)",
    ),
    ({"ALLOWED_HOSTS": ""}, HOSTS),
    ({"ALLOWED_HOSTS": "shop.example,*"}, HOSTS),
    (
        {"SMTP_HOST": ""},
        "SMTP_HOST: must be set, or mails with tokens would be printed "
        "(for example SMTP_HOST=smtp.example.com)",
    ),
    (
        {"SMTP_SECURITY": "none"},
        "SMTP_SECURITY: must be starttls or tls, because mails contain tokens "
        "(for example SMTP_SECURITY=starttls)",
    ),
    ({"PASSWORD_MEMORY_KIB": "19455"}, CHEAP),
    ({"PASSWORD_ITERATIONS": "1"}, CHEAP),
]


@pytest.fixture(autouse=True)
def _without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in os.environ.keys() & {field.upper() for field in Settings().model_dump()}:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def shown(settings: Settings, name: str) -> Any:
    """Return the value of a setting by the name of its variable."""
    value = getattr(settings, name.lower())
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize(("name", "value"), PROMISED.items())
def test_a_promised_name_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: tuple[str, Any]
) -> None:
    assert shown(Settings(), name) != value[1]
    monkeypatch.setenv(name, value[0])
    assert shown(Settings(), name) == value[1]


@pytest.mark.parametrize(("name", "value"), PROMISED.items())
def test_a_promised_name_is_read_from_the_file(name: str, value: tuple[str, Any]) -> None:
    Path(".env").write_text(f"{name}={value[0]}\n", "utf-8")
    assert shown(Settings(), name) == value[1]


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=8001\nHOST=::1\n", "utf-8")
    monkeypatch.setenv("PORT", "8002")
    settings = Settings()
    assert (settings.port, settings.host) == (8002, "::1")


def test_names_of_others_in_the_file_are_left_alone() -> None:
    Path(".env").write_text("PGADMIN_DEFAULT_EMAIL=a@b.c\nLANG=C\n", "utf-8")
    assert Settings() == Settings(_env_file=None)


def test_without_settings_the_data_is_in_sqlite_under_var() -> None:
    settings = Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert str(settings.database_url) == "sqlite+aiosqlite:///var/lavka.db"
    assert settings.data_place == str(Path.cwd() / "var" / "lavka.db")


def test_db_host_selects_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DB_HOST", "DB_PORT", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"):
        monkeypatch.setenv(name, PROMISED[name][0])
    url = Settings().database_url
    assert url.get_backend_name() == "postgresql"
    assert (url.host, url.port, url.database) == ("db.example", 5433, "corner")
    assert (url.username, url.password) == ("keeper", "s3cret@/:?")


def test_an_empty_db_host_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "")
    assert Settings().database_url.get_backend_name() == "sqlite"


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "CORS_ORIGINS", "TRUSTED_PROXIES"])
def test_a_list_is_separated_by_commas_and_empty_without_any(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text, value = PROMISED[name]
    monkeypatch.setenv(name, " , " + text.replace(",", " ,, ") + " ,")
    assert shown(Settings(), name) == value
    for nothing in ("", " ", ","):
        monkeypatch.setenv(name, nothing)
        assert shown(Settings(), name) == ()


def test_tokens_are_signed_with_the_key_and_the_previous_one_stays_good(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new, old = sha256(b"new").digest(), sha256(b"old").digest()
    assert not Settings().signing_keys
    monkeypatch.setenv("PREVIOUS_SECRET_KEY", "old")
    assert Settings().signing_keys == (old,)
    monkeypatch.setenv("SECRET_KEY", "new")
    assert Settings().signing_keys == (new, old)
    monkeypatch.delenv("PREVIOUS_SECRET_KEY")
    assert Settings().signing_keys == (new,)


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter2")
    settings = Settings()
    assert shown(settings, name) == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_the_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_HOST", "db.example")
    monkeypatch.setenv("POSTGRES_PASSWORD", "s3cret")
    settings = Settings()
    assert "s3cret" not in f"{settings!r} {settings} {settings.data_place}"
    assert settings.data_place == "postgresql+asyncpg://lavka:***@db.example:5432/lavka"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("DB_PORT", "abc"),
        ("DB_POOL_SIZE", "0"),
        ("SHOP_CURRENCY", "dollars"),
        ("ENVIRONMENT", "prod"),
        ("WORKERS", "0"),
        ("LOGIN_LIMIT_PER_ACCOUNT", "0"),
        ("LOGIN_LIMIT_PER_ADDRESS", "0"),
        ("RATE_LIMIT_PER_MINUTE", "-1"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("PASSWORD_MEMORY_KIB", "7"),
        ("SMTP_SECURITY", "ssl"),
        ("SHOP_TIMEZONE", "Europe/Paradise"),
        ("SHOP_TIMEZONE", "../etc/passwd"),
        ("SHOP_TIMEZONE", "Europe"),
        ("TEST_CLOCK", "perhaps"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_a_valid_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    found = re.fullmatch(rf"{name}: .+ \(for example {name}=(.+)\)", str(refused.value))
    assert found
    monkeypatch.setenv(name, found[1])
    Settings()


def test_every_promised_name_stands_in_the_example(repository_root: Path) -> None:
    example = (repository_root / ".env.example").read_text("utf-8")
    named = {line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line}
    assert set(PROMISED) | {"PGADMIN_DEFAULT_EMAIL", "PGADMIN_DEFAULT_PASSWORD"} <= named


def test_every_wrong_setting_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB_PORT", "abc")
    monkeypatch.setenv("SHOP_CURRENCY", "gold")
    with pytest.raises(InvalidSettings, match="SHOP_CURRENCY: .*; DB_PORT: must .*integer"):
        get_settings()


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Put variables into the environment."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_settings_that_are_good_enough_for_production_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_all(monkeypatch, PRODUCTION)
    settings = get_settings()
    assert settings.environment == "production"
    assert not list(production_faults(settings))


def test_production_asks_nothing_of_what_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ("ENVIRONMENT", "SECRET_KEY", "ALLOWED_HOSTS", "SMTP_HOST")
    set_all(monkeypatch, {name: PRODUCTION[name] for name in needed})
    assert get_settings().environment == "production"


@pytest.mark.parametrize(("change", "fault"), FAULTS)
def test_what_is_only_good_for_trying_things_out_is_refused_in_production(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], fault: str
) -> None:
    set_all(monkeypatch, PRODUCTION | change)
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    assert str(refused.value) == f"not allowed with ENVIRONMENT=production:\n  {fault}"
    monkeypatch.setenv("ENVIRONMENT", "development")
    get_settings.cache_clear()
    assert get_settings().environment == "development"


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION | {"SMTP_HOST": "", "ALLOWED_HOSTS": ""})
    with pytest.raises(InvalidSettings, match="  ALLOWED_HOSTS: .*\n  SMTP_HOST: "):
        get_settings()
