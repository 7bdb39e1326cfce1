"""The house rules as functions from files to broken rules."""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from tests.test_house.sources import Definition, Function, Source, definitions

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PUBLIC_METHODS = 12
MAX_FOLDER_MODULES = 12
# These have one module for each area.
FOLDERS_OF_AREAS = ("app/errors", "app/security/areas", "app/tables", "app/wiring/areas")
MAX_AREAS = 16


class Broken(NamedTuple):
    """A broken rule: by a file, a folder, or a definition (`path:name`)."""

    rule: str
    where: str
    why: str


def long_files(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the files with too many lines."""
    for source in files:
        lines = len(source.text.splitlines())
        if lines > MAX_FILE_LINES:
            yield Broken("file", source.path, f"{lines} lines, {MAX_FILE_LINES} allowed")


def long_functions(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the functions with too many lines, from `def` to the last one."""
    for source in files:
        for name, node in definitions(source.tree):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if isinstance(node, Function) and lines > MAX_FUNCTION_LINES:
                why = f"{lines} lines, {MAX_FUNCTION_LINES} allowed"
                yield Broken("function", f"{source.path}:{name}", why)


def wide_classes(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the classes with too many public methods; a property counts as one."""
    for source in files:
        for name, node in definitions(source.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            # By name: the overloads of a method are one method.
            public = {each.name for each in node.body if isinstance(each, Function)}
            count = sum(not each.startswith("_") for each in public)
            if count > MAX_PUBLIC_METHODS:
                why = f"{count} public methods, {MAX_PUBLIC_METHODS} allowed"
                yield Broken("class", f"{source.path}:{name}", why)


def frozen_dataclasses(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the immutable values of the shop that are dataclasses, which every start compiles."""
    for source in files:
        if not source.path.startswith("app/"):
            continue
        for name, node in definitions(source.tree):
            for decorator in node.decorator_list:
                written = ast.unparse(decorator)
                if written.startswith("dataclass(") and "frozen=True" in written:
                    why = "is a frozen dataclass; write a msgspec.Struct"
                    yield Broken("value", f"{source.path}:{name}", why)


def full_folders(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the folders with too many modules; `__init__.py` and subfolders do not count."""
    counts = Counter(source.folder for source in files if not source.is_package)
    for folder, count in sorted(counts.items()):
        allowed = MAX_AREAS if folder in FOLDERS_OF_AREAS else MAX_FOLDER_MODULES
        if count > allowed:
            yield Broken("folder", folder, f"{count} modules, {allowed} allowed")


def undocumented(files: Iterable[Source]) -> Iterator[Broken]:
    """Find the modules, public classes and public functions without a docstring that is a sentence.

    A test needs none: its name is its sentence.
    """
    for source in files:
        documented: list[tuple[str, ast.Module | Definition]] = [("", source.tree)]
        documented += _public(source.tree)
        for name, node in documented:
            where = f"{source.path}:{name}" if name else source.path
            docstring = ast.get_docstring(node)
            if not docstring:
                yield Broken("docstring", where, "has none")
            elif not docstring.split("\n\n")[0].endswith((".", ":", "?")):
                yield Broken("docstring", where, "its first paragraph is no sentence")


def _public(node: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    for child in node.body:
        if not isinstance(child, Definition) or child.name.startswith(("_", "test_")):
            continue
        if any(ast.unparse(each).endswith("overload") for each in child.decorator_list):
            continue
        yield f"{prefix}{child.name}", child
        if isinstance(child, ast.ClassDef):
            yield from _public(child, f"{prefix}{child.name}.")


def banned_phrases(
    texts: Mapping[str, str], phrases: Mapping[str, str], unless: Collection[str] = ()
) -> Iterator[Broken]:
    """Find banned phrases, also across the ends of lines and strings.

    `unless` names files that may contain them.
    """
    # A search for single words takes a tenth of the time of a search for all phrases.
    words_of = {path: _words_in(text) for path, text in texts.items() if path not in unless}
    for phrase, better in phrases.items():
        words = re.compile(r"\b" + r"[\s#\"]+".join(map(re.escape, phrase.split())) + r"\b", re.I)
        its = _words_in(phrase)
        for path in (path for path, known in words_of.items() if its <= known):
            text = texts[path]
            for found in words.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                yield Broken("phrase", f"{path}:{line}", f"“{phrase}”; write {better}")


def _words_in(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
