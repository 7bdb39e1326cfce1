"""Settings are read from the environment and `.env`, by their documented names."""

import re
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from app.configuration.libraries import LIBRARY_VARIABLES
from app.configuration.loading import name_faults
from app.settings import InvalidSettings, Settings, get_settings, setting_names
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.processes import ROOT, run
from tests.support.servers import PostgresServer

pytestmark = pytest.mark.usefixtures("no_settings")

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
    "REPORT_CRON": ("30  6 * * MON-fri", "30 6 * * 1,2,3,4,5"),
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
    "ACCESS_LOG": ("1", True),
    "STOREFRONT_URL": ("https://www.example", "https://www.example"),
    "CARRIERS": ('{"DHL": "https://a.example/{number}"}', {"DHL": "https://a.example/{number}"}),
    "SHOP_NAME": ("Corner", "Corner"),
    "SHOP_ADDRESS": ("Corner Ltd, 1 Long Lane", "Corner Ltd, 1 Long Lane"),
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
    "STRIPE_SECRET_KEY",
]


def shown(settings: Settings, name: str) -> Any:
    """Return the value of a setting by the name of its variable."""
    value = getattr(settings, name.lower())
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


@pytest.mark.parametrize(("name", "value"), PROMISED.items())
def test_a_documented_name_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: tuple[str, Any]
) -> None:
    assert shown(Settings(), name) != value[1]
    monkeypatch.setenv(name, value[0])
    assert shown(Settings(), name) == value[1]


@pytest.mark.parametrize(("name", "value"), PROMISED.items())
def test_a_documented_name_is_read_from_the_file(name: str, value: tuple[str, Any]) -> None:
    Path(".env").write_text(f"{name}={value[0]}\n", "utf-8")
    assert shown(Settings(), name) == value[1]


def test_the_environment_takes_precedence_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("PORT=8001\nHOST=::1\n", "utf-8")
    monkeypatch.setenv("PORT", "8002")
    settings = Settings()
    assert (settings.port, settings.host) == (8002, "::1")


def test_names_of_other_programs_in_the_file_are_ignored() -> None:
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


def test_an_empty_db_host_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_tokens_are_signed_with_the_key_and_the_previous_key_still_verifies(
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
        ("SHOP_NAME", "x" * 101),
        ("SHOP_ADDRESS", "x" * 301),
        ("CARRIERS", "{DHL"),
        ("CARRIERS", '{"DHL": "javascript:{number}"}'),
        ("CARRIERS", '{"DHL": "https://www.example.com/"}'),
        ("CARRIERS", '{"DHL": "https://{number}.example.com/"}'),
        ("CARRIERS", '{"DHL": "https://www.example.com/{number}/{code}"}'),
        ("RETURN_DAYS", "0"),
        ("SHOP_CURRENCY", "dollars"),
        ("SHOP_CURRENCIES", "USD,euro"),
        ("SHOP_CURRENCIES", "USD,EUR,USD"),
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
        ("REPORT_CRON", "at midnight"),
        ("REPORT_CRON", "0 24 * * *"),
        ("REPORT_CRON", "0 0 30 2 *"),
        ("TEST_CLOCK", "perhaps"),
        ("LOG_FORMAT", "xml"),
        ("PGSSLMODE", "verify_full"),
        ("DB_HOST", "postgresql://db"),
        ("REDIS_HOST", "redis:6379"),
        ("RABBITMQ_HOST", "amqp://rabbitmq"),
        ("SMTP_HOST", "smtp.example.com:587"),
        ("ALLOWED_HOSTS", "https://shop.example.com"),
        ("CORS_ORIGINS", "null"),
        ("MAIL_FROM", "shop"),
        ("MAIL_FROM", "a@b.example, c@d.example"),
        ("STOREFRONT_URL", "javascript:alert(1)"),
        ("STOREFRONT_URL", "www.example.com"),
        ("STOREFRONT_URL", "https://www.example.com/?a=b"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"),
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


def test_a_file_that_does_not_exist_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "absent.pem")
    with pytest.raises(InvalidSettings, match="^PGSSLROOTCERT: must be a file that exists "):
        get_settings()


def test_a_folder_that_does_not_exist_is_refused_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for wrong in (tmp_path / "absent", tmp_path / "file"):
        monkeypatch.setenv("MAIL_TEMPLATES", str(wrong))
        with pytest.raises(InvalidSettings, match="^MAIL_TEMPLATES: must be a folder that exists "):
            get_settings()
    monkeypatch.setenv("MAIL_TEMPLATES", str(tmp_path))
    assert get_settings().mail_templates == tmp_path


def test_every_wrong_setting_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB_PORT", "abc")
    monkeypatch.setenv("SHOP_CURRENCY", "gold")
    with pytest.raises(InvalidSettings) as refused:
        get_settings()
    first, *lines = str(refused.value).splitlines()
    assert first == "these settings are not valid:"
    assert lines == [
        "  SHOP_CURRENCY: must be a currency code of ISO 4217 (for example SHOP_CURRENCY=USD)",
        "  DB_PORT: must be a valid integer (for example DB_PORT=5432)",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("POSTGRES_PASSWROD", "POSTGRES_PASSWORD"),
        ("POSTGRES_PASS", "POSTGRES_PASSWORD"),
        ("SHOP_TIME_ZONE", "SHOP_TIMEZONE"),
        ("CORS_ORIGIN", "CORS_ORIGINS"),
        ("PGSSL_MODE", "PGSSLMODE"),
        ("DB_PASSWORD", "POSTGRES_PASSWORD"),
        ("DATABASE_URL", "DB_HOST"),
    ],
)
def test_a_misspelled_setting_in_the_file_is_reported(
    caplog: pytest.LogCaptureFixture, name: str, meant: str
) -> None:
    Path(".env").write_text(f"{name}=x\nPGADMIN_DEFAULT_EMAIL=a@b.c\nMY_OWN=1\n", "utf-8")
    get_settings()
    assert caplog.messages == [
        f".env: {name} is not a setting and has no effect; did you mean {meant}?"
    ]


def test_a_file_of_an_editor_on_windows_is_read() -> None:
    Path(".env").write_bytes(b"\xef\xbb\xbfPORT=8001\r\nHOST=::1\r\n")
    assert (get_settings().port, get_settings().host) == (8001, "::1")


def test_a_file_that_is_not_in_utf_8_is_an_error_of_one_line() -> None:
    Path(".env").write_text("PORT=8001", "utf-16")
    with pytest.raises(InvalidSettings, match=r"^\.env: must be a readable text file in UTF-8 "):
        get_settings()


def test_no_known_setting_is_reported_as_misspelt() -> None:
    names = [*setting_names(), *LIBRARY_VARIABLES, "PGADMIN_DEFAULT_PASSWORD"]
    assert not list(name_faults(dict.fromkeys(names, "x")))


def test_variables_of_libraries_are_copied_from_the_file_into_the_environment(
    tmp_path: Path,
) -> None:
    (tmp_path / "ca.pem").touch()
    lines = ["PGSSLMODE=verify-full", "PGSSLROOTCERT=ca.pem", "OTEL_TRACES_SAMPLER=always_off"]
    (tmp_path / ".env").write_text("\n".join(lines), "utf-8")
    shown_there = run(
        sqlite_settings(tmp_path),
        tmp_path,
        "-c",
        "import os; os.environ['OTEL_TRACES_SAMPLER'] = 'always_on'\n"
        "from app.settings import get_settings; get_settings()\n"
        "print(*(os.environ.get(name) for name in "
        "('PGSSLMODE', 'PGSSLROOTCERT', 'PGSSLKEY', 'OTEL_TRACES_SAMPLER')))",
    )
    # The environment takes precedence over the file.
    assert shown_there.stdout == "verify-full ca.pem None always_on\n", shown_there.stderr


async def test_tls_that_the_file_requires_for_postgresql_is_required(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    settings = postgres_settings(postgres_server, "postgres", data_dir=tmp_path / "var")
    cli = ROOT / "app" / "cli" / "main.py"
    (tmp_path / ".env").write_text("PGSSLMODE=require\n", "utf-8")
    refused = run(settings, tmp_path, cli, "migrate")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "rejected SSL upgrade" in refused.stderr and "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("given", "first", "all_of_them"),
    [
        ({}, "USD", ("USD",)),
        ({"SHOP_CURRENCY": "EUR"}, "EUR", ("EUR",)),
        ({"SHOP_CURRENCIES": "EUR, USD"}, "EUR", ("EUR", "USD")),
        ({"SHOP_CURRENCIES": "JPY,USD", "SHOP_CURRENCY": "JPY"}, "JPY", ("JPY", "USD")),
    ],
)
def test_the_first_currency_is_that_of_the_shop(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], first: str, all_of_them: tuple[str, ...]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = get_settings()
    assert (settings.shop_currency, settings.currencies) == (first, all_of_them)


def test_currencies_that_begin_with_another_one_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_CURRENCY", "EUR")
    monkeypatch.setenv("SHOP_CURRENCIES", "USD,EUR")
    reason = "SHOP_CURRENCIES: must begin with SHOP_CURRENCY, which is EUR"
    with pytest.raises(InvalidSettings, match=reason):
        get_settings()
