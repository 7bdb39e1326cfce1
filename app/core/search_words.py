"""The words of a text in the form that the search compares, in every script and on every database.

The databases have tokenizers of their own, which disagree about marks, numbers and rare letters. A
word for them therefore consists of ASCII letters and digits only: other letters are written as `q`
and four digits of base 36, and the letter `q` as `qq`. No code begins with `q`, so that the
beginning of a word remains the beginning of its spelling. An `e` after digits is `qz`, because
PostgreSQL takes `5e8x` for a number and a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# PostgreSQL ignores words of more than 2,046 bytes, in the index and in queries.
_LONGEST_WORD = 255
_LONGEST_PART = 4
"""The letters of a part of a text without spaces; a longer word is found by all of its parts."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# The scripts that are written without spaces, and Korean, whose compounds have none.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3041-\u318e\u31a0-\u31ff\u3400-\u4dbf"
    "\u4e00-\ua4cf\ua960-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[{_SPACELESS}]+|[^{_SPACELESS} ]+")
_IS_SPACELESS = re.compile(rf"[{_SPACELESS}]")
# Letters that have no decomposition, and whose names do not begin with their base.
_BASES = {
    "æ": "ae",
    "œ": "oe",
    "ð": "d",
    "þ": "th",
    "ŋ": "n",
    "ə": "e",
    "ɣ": "g",
    "ĸ": "k",
    "ß": "ss",
    # Spellings of one letter in Arabic and Persian.
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "ه",
    # The tatweel, which only makes a word longer.
    "ـ": "",
}
_EXPONENT = re.compile(r"([0-9]+)e")
_LATIN = re.compile(r"LATIN SMALL LETTER (?:DOTLESS |OPEN )?([A-Z])(?: WITH .+)?")
# Variation selectors and similar marks, which change no letter.
_IGNORED = re.compile("[\u034f\u180b-\u180f\u17b4\u17b5\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def search_words(content: str) -> list[str]:
    """Return the words of a query: a text is found if each of them begins one of its words."""
    return list(dict.fromkeys(_words(content, is_index=False)))


def search_text(*contents: str) -> str:
    """Return the words of the search index for a product with these texts."""
    return " ".join(word for content in contents for word in _words(content, is_index=True))


def _words(content: str, *, is_index: bool) -> list[str]:
    letters = content.casefold()
    if letters.isascii():
        return [_spelled(word) for word in _ASCII_WORD.findall(letters)]
    # Folded again: decomposed characters may contain capitals.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letters).casefold())
    # Composed again: the syllables of Korean and the voiced letters of Japanese.
    folded = unicodedata.normalize("NFC", "".join(map(_folded, apart)))
    return [
        _spelled(word)
        for run in _RUN.findall(folded)
        if any(character.isalnum() for character in run)
        for word in (_parts(run, is_index=is_index) if _IS_SPACELESS.match(run) else [run])
    ]


@lru_cache(maxsize=10_000)
def _folded(character: str) -> str:
    """Return a decomposed character as the search compares it; a blank ends a word."""
    if character in _BASES:
        return _BASES[character]
    category = unicodedata.category(character)
    if category in ("Cf", "Me") or _IGNORED.match(character) or "\u02b0" <= character <= "\u02ff":
        return ""
    if category == "Mn" and _is_accent(unicodedata.combining(character)):
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    if latin := _LATIN.fullmatch(unicodedata.name(character, "")):
        return latin[1].lower()
    # Vowel signs and viramas are parts of the words of Indic scripts.
    return character if category[0] in "LM" or category == "Nl" else " "


def _is_accent(combining_class: int) -> bool:
    """Return whether marks of a class leave the letter the same: accents, nuktas and points.

    Viramas (9), the voicing of kana (8), and the vowels and tones of Thai, Lao and Tibetan do not.
    """
    return combining_class in (1, 7) or 10 <= combining_class <= 36 or combining_class >= 200


def _parts(run: str, *, is_index: bool) -> Iterator[str]:
    """Yield the parts of a run without spaces, one from each letter of it with its marks."""
    starts = [at for at, character in enumerate(run) if character.isalnum()]
    # In a query, the parts at the end that are shorter than the others are contained in them.
    count = len(starts) if is_index else max(1, len(starts) - _LONGEST_PART + 1)
    for number in range(count):
        following = number + _LONGEST_PART
        yield run[starts[number] : starts[following] if following < len(starts) else len(run)]


def _spelled(word: str) -> str:
    word = word[:_LONGEST_WORD]
    if not word.isascii() or "q" in word:
        word = "".join(map(_code, word))
    if word[0].isdigit() and (number := _EXPONENT.match(word)):
        word = f"{number[1]}qz{word[number.end():]}"
    return word


def _code(character: str) -> str:
    if character == "q":
        return "qq"
    if character.isascii():
        return character
    number, digits = ord(character), ""
    for _ in range(4):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return f"q{digits}"
