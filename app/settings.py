"""Settings of the process, read once from the environment and `.env`."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

Port = Annotated[int, Field(ge=1, le=65_535)]


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

    shop_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"

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
    redis_decode_responses: bool = False

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
        return Settings()
    except ValidationError as error:
        reasons = (f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        raise InvalidSettings("; ".join(reasons)) from error
