"""`docs/importing.md` has the columns of the schemas, and its examples are loaded."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic.fields import FieldInfo

from app.schemas.data.import_schema import ROW_KINDS
from app.wiring.resources import Shop
from tests.support.command_line import Ended, lavka
from tests.support.ledger import every
from tests.test_house.sources import ROOT

DOCUMENT = (ROOT / "docs/importing.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", DOCUMENT, re.DOTALL))
OUTPUTS = re.findall(r"```console\n\$ (.*?)\n(.*?)```", DOCUMENT, re.DOTALL)


def line_of(name: str, field: FieldInfo) -> str:
    """Return the line of the table of columns for a field."""
    required = "yes" if field.is_required() else ""
    example = (field.examples or [""])[0]
    return f"| `{field.alias or name}` | {required} | {field.description} | `{example}` |"


@pytest.mark.parametrize("kind", list(ROW_KINDS))
def test_the_tables_have_the_columns_of_the_schemas(kind: str) -> None:
    (table,) = re.findall(
        rf"### {kind.capitalize()}\n.*?\n\| ---.*?\n(.*?)\n\n", DOCUMENT, re.DOTALL
    )
    fields: dict[str, Any] = ROW_KINDS[kind].model_fields
    assert table.splitlines() == [line_of(*each) for each in fields.items()]


async def test_the_examples_of_the_document_are_loaded(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    for name, content in EXAMPLES.items():
        (tmp_path / name).write_text(content, "utf-8")
    assert len(OUTPUTS) == 3
    for command, expected in OUTPUTS:
        done = run(shop, command, tmp_path)
        shown = done.stdout + "".join(
            line for line in done.stderr.splitlines(keepends=True) if line.startswith(str(tmp_path))
        )
        assert shown.replace(f"{tmp_path}/", "") == expected
    assert {
        each["sku"]: each["stock_quantity"]
        for each in await every(client, "/products", include="stock")
    } == {
        "TEA-EARL-100": 100,
        "CUP-27": 12,
        "SHIRT-S": 13,
    }
    orders = {each["units"]: each["status"] for each in await every(client, "/orders")}
    assert orders == {3: "delivered", 1: "delivered"}


def run(shop: Shop, command: str, folder: Path) -> Ended:
    """Run a command of the document on the files of a folder."""
    words = command.split()
    assert words[:3] == ["uv", "run", "lavka"]
    return lavka(shop.settings, *(folder / each if ".csv" in each else each for each in words[3:]))
