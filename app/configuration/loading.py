"""Reads the settings of the process, and reports each fault in one line."""

import logging
import os
from collections.abc import Iterator
from difflib import get_close_matches
from functools import lru_cache

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import DotEnvSettingsSource

from app.configuration.libraries import EXPORTED, LIBRARY_VARIABLES
from app.configuration.model import Settings
from app.configuration.production import production_faults

logger = logging.getLogger(__name__)

# For the other settings, the default is the example.
_EXAMPLES = {
    "allowed_hosts": "shop.example.com",
    "carriers": '{"DHL": "https://www.dhl.com/track?tracking-id={number}"}',
    "cors_origins": "https://www.example.com",
    "db_host": "localhost",
    "log_format": "json",
    "mail_templates": "/etc/lavka/mails",
    "otel_exporter_otlp_endpoint": "http://localhost:4318",
    "pgsslcert": "/etc/ssl/shop.pem",
    "pgsslcrl": "/etc/ssl/revoked.pem",
    "pgsslkey": "/etc/ssl/shop.key",
    "pgsslmode": "verify-full",
    "pgsslrootcert": "/etc/ssl/certs/ca-certificates.crt",
    "rabbitmq_host": "localhost",
    "redis_host": "localhost",
    "report_cron": "0 6 * * *",
    "shop_address": "Lavka GmbH, Hauptstr. 1, 10115 Berlin",
    "shop_currencies": "USD,EUR",
    "shop_timezone": "Europe/Berlin",
    "shop_vat_id": "DE136695976",
    "smtp_host": "smtp.example.com",
    "stripe_api_base": "https://stripe.example.com",
    "stripe_publishable_key": "pk_test_51abc",
    "stripe_secret_key": "sk_test_51abc",  # nosec B105  # an example
    "storefront_url": "https://www.example.com",
    "trusted_proxies": "192.0.2.7,10.1.2.0/24",
}
# Names in `.env` that only docker-compose.yml and entrypoint.sh read.
OF_CONTAINERS = ("PGADMIN_DEFAULT_EMAIL", "PGADMIN_DEFAULT_PASSWORD", "DB_WAIT_SECONDS")
# The names that other programs use for these settings.
_OTHER_NAMES = {
    "AMQP_URL": "RABBITMQ_HOST",
    "CURRENCIES": "SHOP_CURRENCIES",
    "CURRENCY": "SHOP_CURRENCY",
    "DATABASE_URL": "DB_HOST",
    "DB_DATABASE": "POSTGRES_DB",
    "DB_NAME": "POSTGRES_DB",
    "DB_PASSWORD": "POSTGRES_PASSWORD",  # nosec B105  # names of variables
    "DB_USER": "POSTGRES_USER",
    "DEBUG": "ENVIRONMENT",
    "PGDATABASE": "POSTGRES_DB",
    "PGHOST": "DB_HOST",
    "PGPASSWORD": "POSTGRES_PASSWORD",
    "PGPORT": "DB_PORT",
    "PGUSER": "POSTGRES_USER",
    "POSTGRES_HOST": "DB_HOST",
    "POSTGRES_PORT": "DB_PORT",
    "RABBITMQ_URL": "RABBITMQ_HOST",
    "REDIS_URL": "REDIS_HOST",
    "TIMEZONE": "SHOP_TIMEZONE",
    "TZ": "SHOP_TIMEZONE",
}
_LIKENESS = 0.8


class InvalidSettings(Exception):
    """The environment or `.env` contains invalid settings."""


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, and put those that libraries read into its environment.

    Raises:
        InvalidSettings: the message names each wrong variable, the reason and a valid example.
    """
    in_file = _in_file()
    for warning in name_faults(in_file):
        logger.warning("%s", warning)
    try:
        settings = Settings()
    except ValidationError as error:
        faults = [_fault_of(each) for each in error.errors()]
        several = "these settings are not valid:\n  " if len(faults) > 1 else ""
        raise InvalidSettings(several + "\n  ".join(faults)) from error
    if settings.environment == "production" and (found := list(production_faults(settings))):
        raise InvalidSettings("not allowed with ENVIRONMENT=production:\n  " + "\n  ".join(found))
    _export(settings, in_file)
    return settings


def setting_names() -> list[str]:
    """Return the name of each setting, as it is in the environment."""
    return [field.upper() for field in dict(Settings.model_fields)]


def _in_file() -> dict[str, str]:
    """Return the variables of `.env` that are not empty."""
    try:
        found = DotEnvSettingsSource(Settings).env_vars
    except (UnicodeDecodeError, OSError) as error:
        raise InvalidSettings(f".env: must be a readable text file in UTF-8 ({error})") from error
    return {name.upper(): value for name, value in found.items() if value}


def name_faults(names: dict[str, str]) -> Iterator[str]:
    """Yield a line for each name in `.env` that is misspelled or belongs to another program."""
    known = [*setting_names(), *LIBRARY_VARIABLES, *OF_CONTAINERS]
    for name in names:
        if name in known:
            continue
        meant = _OTHER_NAMES.get(name) or next(
            iter(get_close_matches(name, known, n=1, cutoff=_LIKENESS)), None
        )
        if meant is not None:
            yield f".env: {name} is not a setting and has no effect; did you mean {meant}?"


def _fault_of(error: ErrorDetails) -> str:
    field = str(error["loc"][0])
    name, default = field.upper(), Settings.model_fields[field].default
    _, should, rule = error["msg"].partition(" should ")
    reason = f"must {rule.partition(', unable')[0]}" if should else error["msg"]
    reason = reason.replace("value is not", "must be")
    example = _EXAMPLES.get(field, str(default).lower() if isinstance(default, bool) else default)
    hint = f" (for example {name}={example})" if example is not None else ""
    return f"{name}: {reason.removeprefix('Value error, ')}{hint}"


def _export(settings: Settings, in_file: dict[str, str]) -> None:
    """Put the settings of libraries into the environment of the process, unless they are there."""
    given: dict[str, object] = {name: in_file.get(name) for name in LIBRARY_VARIABLES}
    for name in EXPORTED:
        value = getattr(settings, name.lower())
        if value != Settings.model_fields[name.lower()].default:
            given[name] = value
        # A library would read an empty variable as a wrong value.
        if os.environ.get(name) == "":
            del os.environ[name]
    for name, value in given.items():
        if value is not None:
            os.environ.setdefault(name, str(value))
