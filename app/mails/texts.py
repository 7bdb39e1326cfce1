"""The texts of the mails in each language: TOML files, whose entries another folder can replace."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from app.mails.formats import Formats

TEMPLATES = Path(__file__).parent / "templates"
FALLBACK = "en"


class UnusableTemplate(Exception):
    """A file of the folder of templates cannot be used."""


class Language(Struct, frozen=True):
    """The texts and formats of one language."""

    code: str
    formats: Formats
    texts: Mapping[str, Mapping[str, str]]
    """The entries of each section, with placeholders."""


def read_languages(folder: Path | None) -> dict[str, Language]:
    """Return the languages of the shop; the files in a folder replace entries.

    Raises:
        UnusableTemplate: a file of the folder is not TOML, or has an entry that no mail uses.
    """
    shipped = {path.stem: _parsed(path) for path in sorted(TEMPLATES.glob("*.toml"))}
    merged = dict(shipped)
    for path in sorted(folder.glob("*.toml")) if folder is not None else ():
        if not re.fullmatch("[a-z]{2,3}", path.stem):
            raise UnusableTemplate(f"{path.name}: its name must be the code of a language")
        base = shipped.get(path.stem, shipped[FALLBACK])
        merged[path.stem] = _replaced(base, _parsed(path), path.name)
    return {code: _language(code, sections) for code, sections in merged.items()}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnusableTemplate(f"{path.name}: {error}") from error


def _replaced(base: dict[str, Any], given: dict[str, Any], name: str) -> dict[str, Any]:
    for section, entries in given.items():
        known = base.get(section)
        if known is None or not isinstance(entries, dict):
            raise UnusableTemplate(f"{name}: {section} is not a section of the texts")
        for key, value in entries.items():
            if key not in known or not isinstance(value, str):
                raise UnusableTemplate(f"{name}: {section}.{key} is not an entry of the texts")
    return {section: entries | given.get(section, {}) for section, entries in base.items()}


def _language(code: str, sections: dict[str, Any]) -> Language:
    texts = {name: entries for name, entries in sections.items() if name != "format"}
    return Language(code, Formats(**sections["format"]), texts)
