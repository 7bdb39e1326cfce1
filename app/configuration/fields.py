"""The types of settings, with errors that say which values are valid."""

import json
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic.networks import IPvAnyNetwork
from pydantic_settings import NoDecode

from app.core.countries import COUNTRIES
from app.core.cron import Cron
from app.core.vat.numbers import vat_number

# Browsers leave these ports out of an origin.
_USUAL_PORTS = {"http": 80, "https": 443}
_NUMBER = "{number}"

Port = Annotated[int, Field(ge=1, le=65_535)]
Count = Annotated[int, Field(ge=1)]


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
"""Secrets, separated by commas."""

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
        "a scheme, a host in ASCII, and a port if it is not the default one"
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


def _currency_codes(values: tuple[str, ...]) -> tuple[str, ...]:
    codes = tuple(map(_currency_code, values))
    if len(set(codes)) < len(codes):
        raise ValueError("must name each currency once")
    return codes


def _payment_providers(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values or len(set(values)) < len(values) or not set(values) <= {*PROVIDERS}:
        raise ValueError(f"must name some of {', '.join(PROVIDERS)}, each once")
    return values


def _tax_classes(values: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [each for each in values if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", each)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} must be a word of at most 32 characters: a-z, 0-9, - _")
    if values[:1] != ("standard",) or len(set(values)) < len(values):
        raise ValueError("must begin with standard, and name each class once")
    return values


def _series(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9/_.-]*(\{year\})?[A-Za-z0-9/_.-]*", value) or len(value) > 20:
        raise ValueError("must be at most 20 of A-Z a-z 0-9 / _ . - with {year} once or not at all")
    return value


def _known_schedule(value: str) -> str:
    return Cron(value).expression


def _file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("must be a file that exists")
    return value


def _folder(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("must be a folder that exists")
    return value


def _host(value: str) -> str:
    # PostgreSQL also listens on a socket, which is a path.
    if not value.startswith("/") and (re.search(r"[\s/@]", value) or value.count(":") == 1):
        raise ValueError("must be a host name or an address, without a scheme and a port")
    return value


def _country_code(value: str) -> str:
    if (code := value.upper()) not in COUNTRIES:
        raise ValueError("must be the code of a country with two letters, such as DE")
    return code


def _host_names(values: tuple[str, ...]) -> tuple[str, ...]:
    if any(re.search(r"[\s/@]", each) for each in values):
        raise ValueError("must be host names, without a scheme and a path")
    return values


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[^\s@<>,;:\"]+@[^\s@<>,;:\"]+", value):
        raise ValueError("must be an e-mail address")
    return value


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or re.search(r"[\s\\]", value):
        raise ValueError("must be an address that begins with https:// or http://")
    return value


def _storefront(value: str) -> str:
    parts = urlsplit(value)
    if parts.query or parts.fragment or "@" in parts.netloc:
        # Links of mails append a path and a token.
        raise ValueError("must be an address without user, query and fragment")
    return value


def _media_store(value: str) -> str:
    if not re.fullmatch(r"folder:[^\0]+|s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._-]+)*/?", value):
        raise ValueError("must be folder: and the path of a folder, or s3:// and a bucket")
    return value


def _media_url(value: str) -> str:
    is_path = re.fullmatch(r"/([A-Za-z0-9._~-]+/)*", value)
    if not is_path and (_storefront(_web_address(value)) and not value.endswith("/")):
        raise ValueError("must end with a slash")
    return value


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError("must be JSON: an object of names and addresses") from error


def _carriers(values: dict[str, str]) -> dict[str, str]:
    for name, template in values.items():
        if not 0 < len(name) <= 100 or not name.isprintable():
            raise ValueError(f"{name!r} must be a name of at most 100 characters")
        address = _web_address(template.replace(_NUMBER, "1"))
        at_host = _NUMBER in urlsplit(template).netloc
        if address == template or at_host or re.search("[{}]", address) or len(template) > 1_000:
            raise ValueError(f"the address of {name} must contain {_NUMBER}, after the host")
    return values


Currency = Annotated[str, AfterValidator(_currency_code)]
"""A currency by its code of ISO 4217."""

Currencies = Annotated[Names, AfterValidator(_currency_codes)]
"""Currencies by their codes, separated by commas."""

PROVIDERS = ("manual", "stripe", "test")
PaymentProviders = Annotated[Names, AfterValidator(_payment_providers)]
"""The codes of providers of payments, separated by commas."""

TaxClasses = Annotated[Names, AfterValidator(_tax_classes)]
"""Tax classes, separated by commas, `standard` first."""

OwnCountry = Annotated[str, AfterValidator(_country_code)]
"""A country by its code of ISO 3166-1."""

VatNumber = Annotated[str, AfterValidator(vat_number)]
"""A VAT number in the form in which it is stored."""

Carriers = Annotated[dict[str, str], NoDecode, BeforeValidator(_parsed), AfterValidator(_carriers)]
"""Carriers by their names, each with the address at which it tracks a shipment, as JSON."""
Series = Annotated[str, AfterValidator(_series)]
"""The prefix of the numbers of invoices, with `{year}` for the year."""

Schedule = Annotated[str, AfterValidator(_known_schedule)]
"""A cron expression."""

Zone = Annotated[str, AfterValidator(_known_zone)]
"""A time zone by its name in the IANA database."""

File = Annotated[Path, AfterValidator(_file)]
Folder = Annotated[Path, AfterValidator(_folder)]
Host = Annotated[str, AfterValidator(_host)]
HostNames = Annotated[Names, AfterValidator(_host_names)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Storefront = Annotated[WebAddress, AfterValidator(_storefront)]
"""The address of a website to which links append."""

MediaStore = Annotated[str, AfterValidator(_media_store)]
MediaUrl = Annotated[str, AfterValidator(_media_url)]
"""A path or an address to which the names of files are appended."""
