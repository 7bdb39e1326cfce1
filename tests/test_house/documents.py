"""The project's documents: the commands, paths and links that they name."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.test_house.sources import ROOT

_PATTERNS = ("*.md", "docs/**/*.md", "app/**/*.md", "benchmarks/**/*.md", "deploy/**/*.md")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(
    r"(uv|uvx|docker|bash|sh|python|lavka|pytest|cp|cd|kubectl|curl|pip|npx|promtool|sudo)\b"
    r"( |$)|scripts/check|benchmarks(\.\w+)+"
)
_PATH = re.compile(r"(?P<path>[\w.-]+(/[\w.-]+)*/?)(::(?P<name>\w+))?")
_SUFFIXES = set(".py .sh .md .yml .yaml .toml .json .ini .svg .png .csv".split())
_LINK = re.compile(r"\]\((?P<target>[^)#\s]*)(#(?P<anchor>[^)\s]+))?\)")


@dataclass(frozen=True)
class Document:
    """A document by its path from the root of the project, and its text."""

    path: str
    text: str

    @property
    def folder(self) -> Path:
        """The folder of the document."""
        return (ROOT / self.path).parent

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self) -> list[str]:
        """Return the fenced blocks of shell commands."""
        return [body for kind, body in _FENCE.findall(self.text) if kind in ("bash", "sh")]

    def commands(self) -> Iterator[str]:
        """Yield every command: of the blocks, a line each, and of the spans in backticks."""
        for block in self.blocks():
            yield from lines_of(block)
        for span in _SPAN.findall(self.prose):
            if _COMMAND.match(span):
                yield from parts_of(span)

    def paths(self) -> Iterator[tuple[str, str | None]]:
        """Yield every path in backticks, with the name in the file after it."""
        for span in _SPAN.findall(self.prose):
            if (match := _PATH.fullmatch(span)) and self._is_path(match["path"]):
                yield match["path"], match["name"]

    def _is_path(self, text: str) -> bool:
        first, *rest = text.split("/")
        return bool(rest and (ROOT / first).exists()) or Path(text).suffix in _SUFFIXES

    def links(self) -> Iterator[tuple[str, str | None]]:
        """Yield every link into the project: the file, empty for this one, and the heading."""
        for match in _LINK.finditer(self.prose):
            if "://" not in match["target"]:
                yield match["target"], match["anchor"]

    def anchors(self) -> set[str]:
        """Return the anchors of the headings of the document."""
        headings = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@cache
def documents() -> tuple[Document, ...]:
    """Read all documents except the list of changes, which names removed files."""
    paths = {path for pattern in _PATTERNS for path in ROOT.glob(pattern)}
    return tuple(
        Document(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for path in sorted(paths)
        if path.name != "CHANGELOG.md"
    )


def lines_of(block: str) -> Iterator[str]:
    """Yield the commands of a block, without text for their standard input."""
    lines = block.splitlines()
    while lines:
        line = lines.pop(0)
        while line.endswith("\\") or _is_open(line):
            line = f"{line.removesuffix(chr(92)).rstrip()} {lines.pop(0).strip()}"
        if here := re.search(r"<<'?(\w+)'?", line):
            del lines[: lines.index(here[1]) + 1]
        yield from parts_of(re.sub(r"(^|\s\s)#.*", "", line).strip())


def _is_open(line: str) -> bool:
    try:
        shlex.split(line, comments=True)
    except ValueError:
        return True
    return False


def parts_of(line: str) -> Iterator[str]:
    """Yield the commands that one line joins by `&&` or `;`, without their prefixes."""
    quoted: list[str] = re.findall(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", line)
    for number, text in enumerate(quoted):
        line = line.replace(text, f"\0{number}\0", 1)
    for part in re.split(r"&&|;", line):
        command = re.sub(r"\0(\d+)\0", lambda match: quoted[int(match[1])], part).strip()
        command = re.sub(r"^(do|done|until|then|fi)\b ?", "", command)
        # Settings for one command only.
        command = re.sub(r"^([A-Z_]+=\S+ )+(?=\S)", "", command).removesuffix("&").strip()
        if command:
            yield command
