"""Complete addresses of many countries."""

from typing import Any

from app.core.addresses.formats import form_of
from app.core.countries import EU_COUNTRIES

SOLD_TO = sorted(EU_COUNTRIES | set("GB CH NO US CA JP BR RU".split()))
_REGIONS = {
    "BR": "SP",
    "CA": "ON",
    "ES": "Madrid",
    "HK": "Kowloon",
    "IT": "MI",
    "JP": "Tokyo",
    "RU": "Москва",
    "US": "NY",
}


def whole(country: str, **changes: Any) -> dict[str, Any]:
    """Return a complete address of a country."""
    return {
        "recipient": "Ada Lovelace",
        "street": "1 Main Street",
        "city": "Town",
        "region": _REGIONS.get(country, ""),
        "postal_code": form_of(country).postal_code_example,
        "country": country,
    } | changes
