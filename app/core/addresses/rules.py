"""Checks an address by the rules of its country, and formats it for a letter."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.addresses.formats import PARTS, AddressForm, form_of

# A code of a part with the text before it, which separates it from the part before.
_FIELD = re.compile("([^%]*)%([A-Z])")


def problems_of(address: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the wrong fields of an address, with reasons that are worded to follow their names."""
    country = str(address["country"])
    form = form_of(country)
    given = {name: str(address.get(name) or "").strip() for name in form.fields}
    problems = [
        (name, f"is required in {country}")
        for name in form.fields
        if name in form.required and not given[name]
    ]
    if (code := given.get("postal_code")) and not form.has_postal_code(code):
        example = form.postal_code_example
        reason = f"is not a postal code of {country}" + (f", such as {example}" if example else "")
        problems.append(("postal_code", reason))
    # Elsewhere a region only helps the carrier, and any text is accepted.
    region = given.get("region") if "region" in form.required else None
    if region and not form.has_region(region):
        problems.append(("region", f"is not a region of {country}, such as {form.regions[0].code}"))
    return problems


def region_names(country: str, written: str) -> list[str]:
    """Return the names of a region: the given one, and its code and name if the region is known."""
    form, names = form_of(country), [written.strip()]
    for each in form.regions_named(written):
        names += [each.code, each.name]
    return list(dict.fromkeys(names))


def bare_postal_code(country: str, written: str) -> str:
    """Return a postal code in capitals, without the prefix of the country."""
    return form_of(country).bare_postal_code(written)


def lines_of(address: Mapping[str, Any]) -> list[str]:
    """Return the lines of an address in the format of its country, with the country as the last.

    A region is left out where it follows from the postal code; no other part is left out.
    """
    country = str(address["country"])
    form = form_of(country)
    given = {name: str(address.get(name) or "").strip() for name in (*form.fields, *PARTS.values())}
    given["postal_code"] = form.bare_postal_code(given["postal_code"])
    street = [each for each in (given["street"], given["line2"], _not_in(form, given)) if each]
    lines: list[str] = []
    for line in (form.latin_lines if _is_latin(given.values()) else form.lines).split("%n"):
        if line == "%A":
            lines += street
        elif line != form.country_line:
            lines.append(_filled(line, given | {"street": ", ".join(street)}))
    return [each for each in (*lines, form.country_line or country) if each]


def _filled(line: str, given: Mapping[str, str]) -> str:
    """Return a line with its parts, without the separators of those that are missing."""
    fields = list(_FIELD.finditer(line))
    if not fields:
        return line
    text = ""
    for field in fields:
        separator, code = field.groups()
        value = given[PARTS[code]] if code in PARTS else ""
        # The text before the first part belongs to that part, such as `CH-` to the postal code.
        if value:
            text += separator + value if text or field is fields[0] else value
    return text


def _not_in(form: AddressForm, given: Mapping[str, str]) -> str:
    missing = [
        name
        for name in ("city", "region", "postal_code")
        if name not in form.fields and not (name == "region" and "postal_code" in form.fields)
    ]
    return ", ".join(filter(None, (given[name] for name in missing)))


def _is_latin(texts: Iterable[str]) -> bool:
    return not re.search("[\u0370-\u1cff\u2e80-\ud7ff\uf900-\ufaff\ufb13-\ufdff]", "".join(texts))
