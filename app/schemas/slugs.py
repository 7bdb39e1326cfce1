"""Slugs: the parts of paths that are made from names."""

import re
import unicodedata
from collections.abc import Collection

SLUG_LENGTH = 64
SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NO_SLUG = "category"
_OTHERS = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile("['\u2019]")
_LATIN = re.compile(r"LATIN SMALL LETTER (?:DOTLESS |OPEN )?([A-Z]{1,2})(?: WITH .+)?")
# Letters whose spelling in ASCII does not follow from their Unicode names.
_SPELLINGS = {"ß": "ss", "œ": "oe", "þ": "th", "ð": "d", "ŋ": "n", "&": " and ", "+": " plus "}


def slug_of(name: str) -> str:
    """Return a name in lower-case ASCII letters, digits and hyphens; it is never empty."""
    apart = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", name.casefold()))
    spelled = "".join(map(_spelled, apart))
    return _OTHERS.sub("-", spelled).strip("-")[:SLUG_LENGTH].rstrip("-") or _NO_SLUG


def free_slug(name: str, taken: Collection[str]) -> str:
    """Return the slug of a name, with a number if the slug is taken."""
    slug, number = slug_of(name), 1
    free = slug
    while free in taken:
        number += 1
        free = f"{slug[: SLUG_LENGTH - len(str(number)) - 1].rstrip('-')}-{number}"
    return free


def _spelled(character: str) -> str:
    if character.isascii():
        return _SPELLINGS.get(character, character)
    if unicodedata.combining(character):
        return ""
    latin = _LATIN.fullmatch(unicodedata.name(character, ""))
    return _SPELLINGS.get(character) or (latin[1].lower() if latin else " ")
