"""The house rules, checked on every file of the project, and on samples that break them."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.test_house.rules import (
    MAX_FILE_LINES,
    MAX_FOLDER_MODULES,
    MAX_FUNCTION_LINES,
    MAX_PUBLIC_METHODS,
    Broken,
    banned_phrases,
    frozen_dataclasses,
    full_folders,
    long_files,
    long_functions,
    undocumented,
    wide_classes,
)
from tests.test_house.sources import ROOT, Source, sources

Rule = Callable[[Iterable[Source]], Iterator[Broken]]

# Temporary exceptions from rules, with their end. An unneeded exception is a failure.
EXCEPTIONS: dict[tuple[str, str], str] = {}
_RULES: tuple[Rule, ...] = (
    long_files,
    long_functions,
    wide_classes,
    frozen_dataclasses,
    full_folders,
    undocumented,
)

# Banned phrases, and their replacements.
BANNED_PHRASES = {
    "a fault of its own": "“an internal error”",
    "a fault of the shop's own": "“an internal error”",
    "a sign of life": "“a heartbeat”",
    "a while": "how long, or “for some time”",
    "ailment": "“problem”",
    "amid": "“during” or “between”",
    "amidst": "“during” or “between”",
    "anew": "“again”",
    "are dear": "“expensive”",
    "at present": "“now” or “currently”",
    "by now": "“already”",
    "by way of": "“through” or “by”",
    "cannot bear": "“fails on”",
    "confide": "“send without caching”",
    "for ever": "“permanently” or “without end”",
    "for the present": "“now” or “temporarily”",
    "for want of": "“without” or “because … is missing”",
    "has to do with": "the relation",
    "however many": "“any number of”",
    "however often": "“any number of times”",
    "in vain": "what happens",
    "is believed": "“is trusted” or “is synchronized”",
    "is dear": "“expensive”",
    "is gone": "“does not exist”, “has ended” or “is deleted”",
    "let go of": "“close” or “release”",
    "of chance": "“random”",
    "of its own accord": "“by itself”, or who does it",
    "of ours": "“the shop's”, or “trusted”",
    "of their own accord": "“by themselves”, or who does it",
    "once and for all": "“permanently”",
    "ring up": "“place an order”",
    "says of itself": "what it reports",
    "signs of life": "“heartbeats” or “probes”",
    "so many": "the number, or “a number of”",
    "tell whether": "“return whether”",
    "tells of itself": "what it reports",
    "tells whether": "“returns whether” or “reveals whether”",
    "the kept one": "“the stored one”",
    "till": "“until”, or the thing",
    "to be had": "“available”",
    "to no avail": "what happens",
    "what came of": "“the result of”",
    "whoever": "the noun",
    "whomever": "the noun",
}
_WRITTEN = (".py", ".md", ".sh", ".toml", ".yml", ".yaml")
_READS_PHRASES = Path(__file__).relative_to(ROOT).as_posix()
# Files of other authors: licences, and installed, built or generated files.
_NOT_OURS = re.compile(r"(^|/)(\.[a-z_]+|htmlcov|results|node_modules|var|data|build|dist)(/|$)")


@cache
def _broken() -> list[Broken]:
    return [each for rule in _RULES for each in rule(sources())]


def test_every_file_keeps_the_house_rules() -> None:
    found = [each for each in _broken() if each[:2] not in EXCEPTIONS]
    assert not found, "\n" + "\n".join(f"{rule} {where}: {why}" for rule, where, why in found)


def test_every_exception_is_still_needed() -> None:
    needed = {each[:2] for each in _broken()}
    assert sorted(EXCEPTIONS.keys() - needed) == [], "remove unneeded entries from EXCEPTIONS"


def test_every_place_of_the_rules_has_files() -> None:
    assert {"app", "benchmarks", "examples", "scripts", "tests"} <= {
        source.path.split("/")[0] for source in sources()
    }
    assert len(sources()) > 200


def test_no_text_has_a_banned_phrase() -> None:
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in ROOT.rglob("*")
        if (path.suffix in _WRITTEN or path.name == "Dockerfile")
        and not _NOT_OURS.search(path.relative_to(ROOT).as_posix())
    }
    assert {"Dockerfile", "README.md", "main.py", "pyproject.toml"} <= texts.keys()
    found = list(banned_phrases(texts, BANNED_PHRASES, unless=[_READS_PHRASES]))
    assert not found, "\n" + "\n".join(f"{where}: {why}" for _, where, why in found)


def _function(lines: int) -> str:
    return "\n".join(['"""A module."""', "def _long():", *["    pass"] * (lines - 1)])


def _class(methods: int) -> str:
    bodies = [f"    def m{number}(self):\n        '''It.'''" for number in range(methods)]
    return "\n".join(["class _Wide:", *bodies, "    def _private(self): ..."])


def _broken_by(rule: Rule, text: str, path: str = "app/it.py") -> list[str]:
    return [each.where for each in rule([Source.of(path, text)])]


def test_a_file_of_401_lines_breaks_the_rule() -> None:
    assert not _broken_by(long_files, "pass\n" * MAX_FILE_LINES)
    assert _broken_by(long_files, "pass\n" * (MAX_FILE_LINES + 1)) == ["app/it.py"]


def test_a_function_of_41_lines_breaks_the_rule() -> None:
    assert not _broken_by(long_functions, _function(MAX_FUNCTION_LINES))
    assert _broken_by(long_functions, _function(MAX_FUNCTION_LINES + 1)) == ["app/it.py:_long"]


def test_a_long_function_is_found_inside_a_class_a_function_and_a_condition() -> None:
    text = "class A:\n    def b(self):\n        if True:\n            async def c():\n"
    text += "                pass\n" * MAX_FUNCTION_LINES
    found = _broken_by(long_functions, text)
    assert found == ["app/it.py:A.b", "app/it.py:A.b.c"]


def test_a_class_of_13_public_methods_breaks_the_rule() -> None:
    assert not _broken_by(wide_classes, _class(MAX_PUBLIC_METHODS))
    assert _broken_by(wide_classes, _class(MAX_PUBLIC_METHODS + 1)) == ["app/it.py:_Wide"]


def test_a_frozen_dataclass_of_the_shop_breaks_the_rule() -> None:
    value = "@dataclass(slots=True, frozen=True)\nclass A: ..."
    assert _broken_by(frozen_dataclasses, value) == ["app/it.py:A"]
    assert not _broken_by(frozen_dataclasses, value, "tests/it.py")
    assert not _broken_by(frozen_dataclasses, "@dataclass(slots=True)\nclass A: ...")


def test_a_folder_of_13_modules_breaks_the_rule() -> None:
    modules = [Source.of(f"app/m{number}.py", "") for number in range(MAX_FOLDER_MODULES)]
    beside = [Source.of("app/__init__.py", ""), Source.of("app/below/it.py", "")]
    assert not list(full_folders(modules + beside))
    more = [*modules, *beside, Source.of("app/more.py", "")]
    assert [each.where for each in full_folders(more)] == ["app"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("x = 1", "app/it.py"),
        ('"""A module"""', "app/it.py"),
        ('"""A module."""\nclass A: ...', "app/it.py:A"),
        ('"""A module."""\nclass A:\n  """It."""\n  def b(self): ...', "app/it.py:A.b"),
        ('"""A module."""\nasync def b(): ...', "app/it.py:b"),
        ('"""A module."""\ndef b():\n  """Do it"""', "app/it.py:b"),
    ],
)
def test_a_public_name_without_a_docstring_breaks_the_rule(text: str, where: str) -> None:
    assert _broken_by(undocumented, text) == [where]


@pytest.mark.parametrize(
    "text",
    [
        '"""A module."""\ndef _b(): ...',
        '"""A module."""\nclass _A:\n  def b(self): ...',
        '"""A module."""\ndef test_it_works(): ...',
        '"""A module."""\ndef b():\n  """Return it."""\n  def c(): ...',
        '"""A module."""\nclass A:\n  """It."""\n  def __init__(self): ...',
    ],
)
def test_a_private_name_needs_no_docstring(text: str) -> None:
    assert not _broken_by(undocumented, text)


def test_a_banned_phrase_is_found_across_lines_and_in_any_case() -> None:
    texts = {
        "a.md": "It goes\nOf Its\nown accord.",
        "b.py": "# of its\n    # own accord",
        "d.py": '"of its "\n    "own accord"',
        "c": "its own",
    }
    found = banned_phrases(texts, {"of its own accord": "“by itself”"})
    assert [each.where for each in found] == ["a.md:2", "b.py:1", "d.py:1"]
