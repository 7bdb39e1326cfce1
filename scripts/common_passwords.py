"""Generates the list of common passwords from the frequency lists of the zxcvbn package."""

import argparse
import unicodedata
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

TARGET = Path(__file__).resolve().parent.parent / "app" / "security" / "common_passwords.txt"
MIN_LENGTH = 8
# Each word is in only one list of the package: a password that is a name is among the names.
LISTS = ("passwords", "male_names", "female_names", "surnames", "english_wikipedia")
MAX_RANK = 20_000
# No password starts like this, so readers may skip such lines; main() checks it.
COMMENT = "# "
HEAD = f"""\
# The most common passwords of {MIN_LENGTH} or more characters, then names and words.
# From the package zxcvbn {{version}}, written by scripts/common_passwords.py.
# Copyright (c) 2012-2015 Dan Wheeler and Dropbox, Inc.
# Copyright (c) 2016 Daniel Wolf
# MIT licence: the terms are those of the file LICENSE of this project.
"""


def common_passwords(passwords: Iterable[str]) -> list[str]:
    """Return the passwords that are long enough, normalized and without duplicates, in order."""
    spelled = (unicodedata.normalize("NFC", password.casefold()) for password in passwords)
    unique = dict.fromkeys(password for password in spelled if len(password) >= MIN_LENGTH)
    return list(unique)


def main() -> None:
    """Write the file and print the number of passwords."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    passwords = common_passwords(
        word for name in LISTS for word in FREQUENCY_LISTS[name][:MAX_RANK]
    )
    unreadable = [
        password
        for password in passwords
        if password.startswith(COMMENT) or password.splitlines() != [password]
    ]
    if unreadable:
        raise ValueError(f"a line cannot contain {unreadable}")
    lines = "".join(f"{password}\n" for password in passwords)
    TARGET.write_text(HEAD.format(version=version("zxcvbn")) + lines, encoding="utf-8")
    print(f"{len(passwords):,} passwords in {TARGET.name}")


if __name__ == "__main__":
    main()
