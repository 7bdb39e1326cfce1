"""Settings come from the environment and `.env`, by the names that are promised."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.settings import InvalidSettings, Settings, get_settings

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
    "REDIS_DECODE_RESPONSES": ("true", True),
}


@pytest.fixture(autouse=True)
def _without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ.keys() & {field.upper() for field in Settings().model_dump()}:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


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
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_every_promised_name_stands_in_the_example(repository_root: Path) -> None:
    example = (repository_root / ".env.example").read_text("utf-8")
    named = {line.lstrip("# ").partition("=")[0] for line in example.splitlines() if "=" in line}
    assert set(PROMISED) | {"PGADMIN_DEFAULT_EMAIL", "PGADMIN_DEFAULT_PASSWORD"} <= named


def test_a_setting_that_cannot_be_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB_PORT", "abc")
    monkeypatch.setenv("SHOP_CURRENCY", "gold")
    get_settings.cache_clear()
    with pytest.raises(InvalidSettings, match="SHOP_CURRENCY: .*; DB_PORT: .*integer"):
        get_settings()
