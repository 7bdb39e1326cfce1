"""The formats of a mail: amounts, rates, moments, and texts of customers and staff."""

import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.core.money import format_minor
from app.schemas.percentages import as_percentage

_NO_BREAK = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
# These characters change the direction of the text after them: embeddings, overrides, isolates,
# marks.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset({"Cc", "Zl", "Zp"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


class Formats(Struct, frozen=True):
    """The formats of one language."""

    decimal_mark: str
    group_mark: str
    percentage: str
    """A text with `{number}` for the number."""
    moment: str
    """A format of `strftime`."""

    def amount(self, minor: int, currency: str) -> str:
        """Return an amount with the decimal places and the code of its currency."""
        whole, _, places = format_minor(abs(minor), currency).partition(".")
        grouped = f"{int(whole):,}".replace(",", self.group_mark)
        sign = _MINUS if minor < 0 else ""
        decimals = f"{self.decimal_mark}{places}" if places else ""
        return f"{sign}{grouped}{decimals}{_NO_BREAK}{currency}"

    def rate(self, ppm: int) -> str:
        """Return parts per million as a percentage."""
        number = as_percentage(ppm).replace(".", self.decimal_mark)
        return filled(self.percentage, number=number)

    def moment_in(self, moment: datetime, zone: str) -> str:
        """Return a moment in a time zone, with the name of the zone."""
        local = moment.astimezone(ZoneInfo(zone)).strftime(self.moment)
        return f"{local} ({zone.replace('_', ' ')})"


def filled(text: str, **values: str) -> str:
    """Return a text with values for its placeholders.

    Raises:
        LookupError: there is no value for a placeholder.
        ValueError: the text has a brace that is not that of a placeholder.
    """
    if set("{}") & set(_PLACEHOLDER.sub("", text)):
        raise ValueError(f"a brace without its pair: {text!r}")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def one_line(text: str) -> str:
    """Return a text in one line, without characters that could change the text around it."""
    kept = "".join(_kept(each) for each in text)
    # Only these characters are replaced: a no-break space stays.
    return re.sub(" +", " ", kept).strip()


def _kept(character: str) -> str:
    if character in _DIRECTIONS:
        return ""
    category = unicodedata.category(character)
    # A lone surrogate of UTF-16 cannot be encoded.
    return "" if category == "Cs" else " " if category in _BREAKS else character


def lines_of(text: str) -> tuple[str, ...]:
    """Return the lines of a text, each as `one_line` returns it."""
    return tuple(map(one_line, text.strip().splitlines()))


def isolated(text: str) -> str:
    """Return a line of plain text that does not change the direction of the text after it."""
    if not any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in text):
        return text
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"
