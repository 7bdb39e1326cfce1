"""CSV files are read in the dialects of spreadsheets, and strictly: no row is lost or altered."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.jobs.csv_rows import UnreadableFile
from app.jobs.import_sources import open_sources
from app.schemas.data.import_schema import BrokenRow

CHEESE = {"sku": "X-1", "name": "Käse", "category": "Food", "price": "1.00"}
TEXT = "sku,name,category,price\nX-1,Käse,Food,1.00\n"


def read(
    folder: Path, content: str | bytes, name: str = "products.csv", encoding: str | None = None
) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the numbered rows of a file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (source,) = open_sources(path, encoding)
    rows = list(source.read())
    assert source.row_count == len(rows)
    return rows


def refusal(
    folder: Path, content: str | bytes, name: str = "products.csv", encoding: str | None = None
) -> str:
    """Return the reason why a file with this content is refused, without the name of the file."""
    with pytest.raises(UnreadableFile) as found:
        read(folder, content, name, encoding)
    return str(found.value).removeprefix(f"{folder / name}: ")


def broken(rows: list[tuple[int, Mapping[str, Any]]]) -> dict[int, str]:
    """Return the reasons of the broken rows, by the numbers of the rows."""
    return {number: row.reason for number, row in rows if isinstance(row, BrokenRow)}


def whole(rows: list[tuple[int, Mapping[str, Any]]]) -> list[str]:
    """Return the SKUs of the rows that are not broken."""
    return [row["sku"] for _, row in rows if not isinstance(row, BrokenRow)]


DIALECTS: dict[str, str | bytes] = {
    "commas": TEXT,
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "bars": TEXT.replace(",", "|"),
    "a line that names the delimiter": "sep=;\n" + TEXT.replace(",", ";"),
    "Windows line ends": TEXT.replace("\n", "\r\n"),
    "old Mac line ends": TEXT.replace("\n", "\r"),
    "no last line end": TEXT.rstrip(),
    "a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16, big-endian": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "UTF-32": TEXT.encode("utf-32"),
    "all quoted": '"sku","name","category","price"\n"X-1","Käse","Food","1.00"\n',
    "blanks around the cells": " sku, name ,category, price\nX-1, Käse ,\tFood,1.00 \n",
    "blanks before quotes": 'sku,name,category,price\nX-1, "Käse", "Food",1.00\n',
    "columns without a name and content": "sku,name,category,price,,\nX-1,Käse,Food,1.00,,\n",
    "cells without content": TEXT.replace("1.00", "1.00,,"),
    "capitals": TEXT.replace("sku,name,category,price", "SKU,Name,CATEGORY,Price"),
}


@pytest.mark.parametrize("content", DIALECTS.values(), ids=list(DIALECTS))
def test_each_dialect_of_a_file_is_read(tmp_path: Path, content: str | bytes) -> None:
    ((number, row),) = read(tmp_path, content)
    assert row == CHEESE
    assert number == (3 if content[:3] == "sep" else 2)


@pytest.mark.parametrize("name", ["products.CSV", "Products.Csv"])
def test_the_case_of_the_extension_does_not_matter(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, TEXT, name) == [(2, CHEESE)]


@pytest.mark.parametrize(
    "header",
    [
        "reference,username,placed_at,sku,quantity,unit_price",
        "Reference,User name,Placed at,SKU,Quantity,Unit price",
        "REFERENCE,user-name,placed-at,Sku,QUANTITY,unit-price",
        "reference,userName,placedAt,sku,quantity,unitPrice",
    ],
)
def test_a_column_is_recognized_in_any_spelling(tmp_path: Path, header: str) -> None:
    ((_, row),) = read(tmp_path, f"{header}\n#1,ada,2026-01-01,X-1,2,1.00\n")
    assert row == {
        "reference": "#1",
        "username": "ada",
        "placed_at": "2026-01-01",
        "sku": "X-1",
        "quantity": "2",
        "unit_price": "1.00",
    }


def test_blank_rows_are_skipped_but_counted_in_row_numbers(tmp_path: Path) -> None:
    content = "\nsku,name,category,price\n\nX-1,Käse,Food,1.00\n,,,\n \t,\nX-2,Käse,Food,1.00\n\n"
    assert [number for number, _ in read(tmp_path, content)] == [4, 7]


def test_a_cell_in_quotes_may_have_quotes_delimiters_and_several_lines(tmp_path: Path) -> None:
    content = (
        "sku,name,category,price,description\r\n"
        'X-1,"Tea ""Earl"", 5"" tin",Food,1.00,"Line 1, 2\r\nLine 3"\r\n'
        "X-2,Käse,Food,1.00,\r\n"
    )
    (_, tea), (number, cheese) = read(tmp_path, content)
    assert (tea["name"], tea["description"]) == ('Tea "Earl", 5" tin', "Line 1, 2\r\nLine 3")
    assert (number, cheese["sku"]) == (3, "X-2")


def test_another_encoding_is_refused_unless_it_is_named(tmp_path: Path) -> None:
    content = TEXT.encode("cp1252")
    assert refusal(tmp_path, content) == (
        "is not in UTF-8: byte 0xe4 in line 2; save it as UTF-8, or name its encoding, "
        "as in --encoding cp1252"
    )
    assert read(tmp_path, content, encoding="cp1252") == [(2, CHEESE)]
    assert read(tmp_path, TEXT.encode("utf-16"), encoding="cp1252") == [(2, CHEESE)]


def test_a_byte_of_another_encoding_is_found_in_a_late_line(tmp_path: Path) -> None:
    content = TEXT.encode() + b"X-2,Tea,Food,1.00\n" * 9_000 + b"X-3,K\xe4se,Food,1.00\n"
    assert refusal(tmp_path, content).startswith("is not in UTF-8: byte 0xe4 in line 9003;")


REFUSED: dict[str, tuple[str | bytes, str]] = {
    "UTF-16 without a mark": (
        TEXT.encode("utf-16-le"),
        "begins with zero bytes: it is not text, or is UTF-16",
    ),
    "a spreadsheet": (b"PK\x03\x04" + bytes(99), "is a spreadsheet and not CSV; save it as CSV"),
    "an open quote in the header": ('sku,"name,category,price\nX-1,a,b,1\n', "a quote in the row"),
    "a column twice": (
        "sku,name,category,price,Price\nX-1,a,b,1,2\n",
        "has a duplicate column price: columns 4 (price) and 5 (Price); rename or remove one",
    ),
    "no header": (
        "X-1,Käse,Food,1.00\n",
        "the columns match no kind of file. Found: 'X-1', 'Käse', 'Food', '1.00'\n"
        "  products need sku, name, category, price; missing: sku, name, category, price\n"
        "  users need email, username, first_name; "
        "missing: email, username, first_name\n"
        "  orders need reference, username, placed_at, sku, quantity; "
        "missing: reference, username, placed_at, sku, quantity",
    ),
    "columns of no kind": (
        "sku;name;cost\n",
        "the columns match no kind of file. Found: 'sku', 'name', 'cost'\n"
        "  products need sku, name, category, price; missing: category, price\n",
    ),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=list(REFUSED))
def test_a_refusal_names_the_fault_of_the_whole_file(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    assert refusal(tmp_path, content).startswith(reason)


@pytest.mark.parametrize("encoding", ["klingon", "base64"])
def test_an_encoding_that_does_not_exist_is_refused(tmp_path: Path, encoding: str) -> None:
    assert refusal(tmp_path, TEXT, encoding=encoding) == (
        f"--encoding: there is no encoding {encoding}; examples are utf-8 and cp1252"
    )


HEADER = "sku,name,category,price,description\n"


def test_a_quote_that_is_never_closed_breaks_only_its_row(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        HEADER
        + 'M-1,A,C,1.00,x\nM-2,"B,C,1.00,x\nM-3,D,C,1.00,x\nM-4,"E",C,1.00,x\nM-5,F,C,1.00,x\n',
    )
    assert broken(rows) == {3: "a quote that is opened in line 3 is not closed"}
    assert whole(rows) == ["M-1", "M-3", "M-4", "M-5"]


def test_a_quote_that_is_open_at_the_end_of_the_file_breaks_only_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + 'M-1,A,C,1.00,"27 inch, matte\nM-2,B,C,1.00,x\n')
    assert broken(rows) == {2: "a quote that is opened in line 2 is not closed"}
    assert whole(rows) == ["M-2"]


def test_rows_between_two_unbalanced_quotes_are_not_read_as_one_cell(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + 'M-1,A,C,1.00,"27 inch\nM-2,B,C,1.00,x\nM-3,D,C,1.00,27"\n')
    assert broken(rows) == {
        2: "a quote that is opened in line 2 is not closed: "
        "line 3 would be a part of its cell, and is a row",
        4: "line 4 has a quote inside a cell that does not begin with one; "
        'such a cell is written as "27"" monitor"',
    }
    assert whole(rows) == ["M-2"]


def test_a_quote_inside_a_cell_breaks_its_row_and_is_kept(tmp_path: Path) -> None:
    text = 'I-1,"27" monitor",Screens,199.00,'
    rows = read(tmp_path, f'{HEADER}{text}\nI-2,27" monitor,Screens,199.00,\n')
    assert broken(rows) == {
        2: "line 2 goes on after the quote that closes a cell; "
        'a quote inside a cell is written twice, as in "27"" monitor"',
        3: "line 3 has a quote inside a cell that does not begin with one; "
        'such a cell is written as "27"" monitor"',
    }
    first = rows[0][1]
    assert isinstance(first, BrokenRow)
    assert (first["sku"], first.rest) == ("I-1", [text])


def test_a_zero_byte_is_kept_in_its_cell(tmp_path: Path) -> None:
    rows = read(tmp_path, TEXT + "X-2,a\0b,Food,1.00\n")
    assert [row["name"] for _, row in rows] == ["Käse", "a\0b"]


def test_a_row_in_which_the_file_ends_is_broken(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + "M-1,A,C,1.00,\nM-2,B,C,1")
    assert broken(rows) == {3: "the file ends in this row, after 4 cells"}


def test_a_cell_without_a_column_breaks_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER.replace("description", "") + "M-1,A,C,1.00,x\nM-2,B,C,1.00,,y\n")
    assert broken(rows) == {
        2: "has more cells than the 4 columns: 'x'",
        3: "has more cells than the 4 columns: 'y'",
    }


def test_a_cell_that_is_too_long_breaks_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, f"{HEADER}M-1,A,C,1.00,{'x' * 200_000}\nM-2,B,C,1.00,x\n")
    assert broken(rows) == {2: "line 2 has a cell of more than 131072 characters"}
    assert whole(rows) == ["M-2"]
