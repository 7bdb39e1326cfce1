"""Paths of names, such as those of the categories of a tree: `Drinks > Tea`."""

import re
from collections.abc import Sequence

_MARK = ">"
_TOKEN = re.compile(r"\\.|[^\\]|\\$", re.DOTALL)
_SPECIAL = re.compile(r"[\\>]|^\s|\s$")


def join_names(names: Sequence[str]) -> str:
    """Return a path; special characters in the names get a backslash."""
    return f" {_MARK} ".join(_SPECIAL.sub(r"\\\g<0>", name) for name in names)


def split_names(path: str) -> list[str]:
    r"""Return the names of a path, without the blanks around them; `\>` is a part of a name."""
    parts: list[list[str]] = [[]]
    for token in _TOKEN.findall(path):
        if token == _MARK:
            parts.append([])
        else:
            parts[-1].append(token)
    return ["".join(token[-1] for token in _without_blanks(part)) for part in parts]


def _without_blanks(tokens: list[str]) -> list[str]:
    first, last = 0, len(tokens)
    while first < last and tokens[first].isspace():
        first += 1
    while last > first and tokens[last - 1].isspace():
        last -= 1
    return tokens[first:last]
