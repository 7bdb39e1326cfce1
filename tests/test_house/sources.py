"""The project's Python files, parsed for the house rules."""

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A migration is a list of statements that is never changed later: only its environment is code.
_PLACES = (
    "app",
    "benchmarks",
    "examples",
    "scripts",
    "tests",
    "main.py",
    "migrations/env.py",
    "test_redis_cache.py",
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.ClassDef | Function


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a text."""
    # A collection in between lets other threads run, and before Python 3.11.8 one of them that
    # parses, too, makes this fail (python/cpython#106905).
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        gc.enable()


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the root of the project, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Source":
        """Parse a text."""
        return cls(path, text, parse(text))

    @property
    def folder(self) -> str:
        """The folder of the file."""
        return Path(self.path).parent.as_posix()

    @property
    def is_package(self) -> bool:
        """Whether the file is the `__init__.py` of its folder."""
        return self.path.endswith("__init__.py")


@cache
def sources() -> tuple[Source, ...]:
    """Read all files to which the rules apply."""
    return tuple(
        Source.of(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
        for place in _PLACES
        for path in _files(ROOT / place)
    )


def _files(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]


def definitions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Return all classes and functions below a node, nested ones too, with their dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Definition):
            name = f"{prefix}{child.name}"
            yield name, child
            yield from definitions(child, f"{name}.")
        else:
            yield from definitions(child, prefix)
