"""An unreadable file is refused before anything is loaded; a broken row is refused alone."""

import sys
from pathlib import Path

import httpx
import pytest

from app.jobs.file_import import UnreadableFile, import_files
from app.wiring.resources import Shop
from tests.support.ledger import every
from tests.test_jobs.test_file_import import TEA, write


async def test_blank_lines_count_in_the_numbers_of_lines(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("\ufeffusername,email,first_name,last_name\n\nada,nowhere,Ada,L\n", "utf-8")
    (outcome,) = (await import_files(shop, [path])).values()
    assert [number for number, _ in outcome.refused] == [3]


async def test_a_row_with_a_wrong_number_of_cells_is_refused(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "username,email,first_name,last_name\n"
        "ada,ada@example.com,Ada,Lovelace,Countess\n"
        "bob,bob@example.com\n"
        "cy,cy@example.com,Cy,Young\n"
        "cyd,cyd@example.com,Cyd,Young\n",
        "utf-8",
    )
    (outcome,) = (await import_files(shop, [path])).values()
    assert [number for number, _ in outcome.refused] == [2, 3, 4]
    assert outcome.refused[0][1] == "has more cells than the 4 columns: 'Countess'"
    assert outcome.refused[1][1] == "first_name: is required"
    assert [each["username"] for each in await every(client, "/users")] == ["cyd"]


HEADER = b"username,email,first_name,last_name"
UNREADABLE = {
    "unknown column": (
        "users.csv",
        HEADER + b",shoe_size\n",
        "users have no column shoe_size; rename or remove it. "
        "They have: email, username, first_name, last_name",
    ),
    "missing column": ("users.csv", b"username,email\n", "the columns match no kind of file"),
    "empty file": ("users.csv", b"", "the columns match no kind of file. Found: none"),
    "another format": ("users.xlsx", HEADER, "must be a .csv or a .parquet file"),
    "absent": ("users.csv", None, "no such file"),
}


@pytest.mark.parametrize(("name", "content", "reason"), UNREADABLE.values(), ids=list(UNREADABLE))
async def test_an_unreadable_file_is_refused_before_anything_is_loaded(
    shop: Shop,
    client: httpx.AsyncClient,
    tmp_path: Path,
    name: str,
    content: bytes | None,
    reason: str,
) -> None:
    good, bad = write(tmp_path, "products", [TEA]), tmp_path / name
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(UnreadableFile) as refusal:
        await import_files(shop, [good, bad])
    assert str(refusal.value).startswith(f"{bad}: {reason}")
    assert await every(client, "/products") == []


async def test_a_parquet_file_without_its_reader_is_refused_with_the_install_command(
    shop: Shop, client: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    parquet = tmp_path / "users.parquet"
    parquet.touch()
    with pytest.raises(UnreadableFile, match="users.parquet: .*uv sync --group data"):
        await import_files(shop, [write(tmp_path, "products", [TEA]), parquet])
    assert await every(client, "/products") == []
