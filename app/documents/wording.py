"""The words and formats of documents in each language, from TOML files."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from msgspec import Struct

from app.mails.formats import Formats
from app.mails.texts import FALLBACK, read_languages

_TEXTS = Path(__file__).parent / "texts"


class Wording(Struct, frozen=True):
    """The words and formats of one language."""

    words: Mapping[str, str]
    countries: Mapping[str, str]
    formats: Formats
    day_format: str

    def day(self, day: date) -> str:
        """Return a day in the format of the language."""
        return day.strftime(self.day_format)

    def number(self, minor: int, currency: str) -> str:
        """Return an amount without the code of its currency."""
        return self.formats.amount(minor, currency).removesuffix(currency).rstrip()


def wording_of(locale: str | None) -> Wording:
    """Return the wording for a customer with a locale, such as `de-AT`; English without one."""
    code = (locale or "").replace("_", "-").partition("-")[0].lower()
    known = _read()
    return known.get(code, known[FALLBACK])


@cache
def _read() -> dict[str, Wording]:
    mails = read_languages(None)
    found = {}
    for path in sorted(_TEXTS.glob("*.toml")):
        given = tomllib.loads(path.read_text("utf-8"))
        language = mails[path.stem]
        found[path.stem] = Wording(
            given["words"], language.texts["countries"], language.formats, given["format"]["day"]
        )
    return found
