"""The names in docs/security.md exist, and its counts are correct."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.configuration.libraries import LIBRARY_VARIABLES
from app.settings import Settings

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
# Items of levels 1 and 2 in each chapter of ASVS 5.0.0.
CHAPTERS = {
    1: (8, 19),
    2: (4, 7),
    3: (8, 11),
    4: (2, 8),
    5: (4, 5),
    6: (13, 22),
    7: (6, 12),
    8: (4, 3),
    9: (4, 3),
    10: (5, 24),
    11: (3, 11),
    12: (3, 6),
    13: (1, 12),
    14: (2, 7),
    15: (3, 10),
    16: (0, 16),
    17: (0, 7),
}
KINDS = ("proved by a test", "shown by a file", "left to the operator", "open")
# Names in the form of settings that are read by a library or by the system.
OTHERS = {"GET", "POST", "DELETE", "PGSSLMODE", "PGSSLROOTCERT", "TZ", *LIBRARY_VARIABLES}
_ITEM = re.compile(
    r"^\| (?P<id>(?P<chapter>\d+)\.\d+\.\d+) \| [^|]+ \| (?P<level>[12]) \| [^|]+ "
    r"\| (?P<proof>[^|]+) \|$",
    re.MULTILINE,
)
_ID = re.compile(r"\d+\.\d+\.\d+")
_COUNT = re.compile(r"^\| (?P<name>[a-z ]+) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def items() -> list[re.Match[str]]:
    """Return the rows of the items that apply."""
    return list(_ITEM.finditer(DOCUMENT))


def kind_of(proof: str) -> str:
    """Return the kind of the proof of an item: one of KINDS."""
    if proof.startswith("open"):
        return "open"
    if proof.startswith("operator"):
        return "left to the operator"
    return "proved by a test" if "::" in proof else "shown by a file"


def exempt() -> Iterator[tuple[int, int]]:
    """Yield, line by line, a chapter and the number of its items that do not apply."""
    for number in CHAPTERS:
        _, _, chapter = DOCUMENT.partition(f"\n### V{number} ")
        for line in chapter.partition("\n### ")[0].splitlines():
            ids, _, _ = line.removeprefix("- ").partition(":")
            if whole := re.fullmatch(r"all (\d+)", ids):
                yield number, int(whole[1])
            elif line.startswith("- "):
                yield number, len(_ID.findall(ids))


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return the names of the functions of a file, without running it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(each.name for each in tree.body if isinstance(each, functions))


@pytest.mark.parametrize(
    "node", sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", DOCUMENT))), ids=str
)
def test_a_test_that_is_named_exists(node: str) -> None:
    path, _, name = node.partition("::")
    assert (ROOT / path).is_file()
    assert name.startswith("test_") and name in names_in(ROOT / path)


def test_every_test_is_named_by_its_whole_path() -> None:
    named = re.findall(r"\b(?:tests/\S+|test_\w+\.py\S*)", DOCUMENT)
    found = {each: re.fullmatch(r"(tests/[\w/]+\.py)(::\w+)?`[,.]?", each) for each in named}
    assert [each for each, match in found.items() if match is None] == []
    assert [each[1] for each in found.values() if each and not (ROOT / each[1]).is_file()] == []


def test_a_file_that_proves_an_item_exists() -> None:
    cells = [each["proof"] for each in items() if kind_of(each["proof"]) == "shown by a file"]
    for cell in cells:
        paths = re.findall(r"`([^`]+)`", cell)
        assert paths and cell == ", ".join(f"`{path}`" for path in paths)
        assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", DOCUMENT)) - OTHERS
    assert {"SECRET_KEY", "TRUSTED_PROXIES"} <= named
    assert {name.lower() for name in named} - Settings.model_fields.keys() == set()


def test_every_link_points_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCUMENT)) <= anchors


def test_every_item_is_once_in_its_chapter() -> None:
    rows = [each["id"] for each in items()]
    assert len(rows) == len(set(rows)) > 0
    assert DOCUMENT.count("\n| id | ") == len({each["chapter"] for each in items()})
    for number in CHAPTERS:
        _, _, chapter = DOCUMENT.partition(f"\n### V{number} ")
        chapter = chapter.partition("\n### ")[0]
        assert {each["chapter"] for each in _ITEM.finditer(chapter)} <= {str(number)}
        # A malformed row would not be counted at all.
        lines = [line for line in chapter.splitlines() if line.startswith("| ")]
        assert len(lines) == len(_ITEM.findall(chapter)) + bool(lines)


def test_every_item_of_the_standard_applies_or_does_not() -> None:
    found = Counter(int(each["chapter"]) for each in items())
    for number, count in exempt():
        found[number] += count
    assert found == Counter({number: sum(levels) for number, levels in CHAPTERS.items()})


def test_the_counts_at_the_end_are_right() -> None:
    told = {each["name"]: tuple(map(int, each.groups()[1:])) for each in _COUNT.finditer(DOCUMENT)}
    rows = Counter((kind_of(each["proof"]), int(each["level"])) for each in items())
    counted = {kind: (rows[kind, 1], rows[kind, 2]) for kind in KINDS}
    apply = tuple(sum(column) for column in zip(*counted.values(), strict=True))
    there = tuple(sum(column) for column in zip(*CHAPTERS.values(), strict=True))
    counted |= {
        "apply": apply,
        "do not apply": (there[0] - apply[0], there[1] - apply[1]),
        "in the standard": there,
    }
    assert told == {name: (*levels, sum(levels)) for name, levels in counted.items()}
