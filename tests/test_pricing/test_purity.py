"""Pricing computes with integers, and reads nothing but its arguments."""

import ast
from collections.abc import Iterator
from pathlib import Path

import app.pricing

FOLDER = Path(app.pricing.__file__).parent
IMPORTED = {
    "app.pricing",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    # Values that cannot change.
    "msgspec",
    "typing",
    "uuid",
}
_INEXACT = {"float", "round", "Decimal", "Fraction"}


def impure(tree: ast.AST) -> Iterator[str]:
    """Yield expressions that are inexact, or read something else than arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.lineno}: {node.value}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            yield f"{node.lineno}: /"
        elif isinstance(node, ast.Name) and node.id in _INEXACT:
            yield f"{node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            yield f"{node.lineno}: {node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [each.name for each in node.names]
            module = node.module if isinstance(node, ast.ImportFrom) else names[0]
            if not any(f"{module}.".startswith(f"{each}.") for each in IMPORTED):
                yield f"{node.lineno}: import of {module}"


def test_pricing_is_exact_and_pure() -> None:
    files = sorted(FOLDER.glob("*.py"))
    assert len(files) > 3
    found = {each.name: list(impure(ast.parse(each.read_text("utf-8")))) for each in files}
    assert {name: why for name, why in found.items() if why} == {}


def test_inexact_code_is_found() -> None:
    text = "import time\na = 1 / 2 + 0.5 + float(1) + datetime.now()\n"
    assert len(list(impure(ast.parse(text)))) == 5
