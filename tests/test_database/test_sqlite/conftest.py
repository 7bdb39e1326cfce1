"""Fixtures: the engines of a file with goods, their stock, and a search index."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.engines import sqlite_reader_engine, sqlite_writer_engine

ROWS = 100_000
_SCHEMA = f"""
CREATE TABLE goods (id INTEGER PRIMARY KEY, sku TEXT UNIQUE, shelf TEXT, words TEXT);
CREATE INDEX goods_by_shelf ON goods (shelf);
CREATE TABLE stock (good INTEGER, place INTEGER, pieces INTEGER, PRIMARY KEY (good, place));
CREATE VIRTUAL TABLE found USING fts5(words);
CREATE TRIGGER index_words AFTER UPDATE OF words ON goods
    BEGIN INSERT INTO found (words) VALUES (new.words); END;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
    INSERT INTO goods SELECT i, 'sku ' || i, i % 10, 'tea no. ' || i FROM n;
INSERT INTO stock SELECT id, 1, 10 FROM goods;
INSERT INTO found SELECT words FROM goods;
"""


class Engines(NamedTuple):
    """The engines of one file."""

    writer: AsyncEngine
    reader: AsyncEngine


@pytest.fixture(scope="session", name="filled")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with many rows, which no test changes."""
    its = tmp_path_factory.mktemp("filled") / "goods.db"
    with closing(sqlite3.connect(its)) as connection:
        connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
    return its


@pytest.fixture(name="path")
def copied_file(filled: Path, tmp_path: Path) -> Path:
    """A separate file with many rows for one test."""
    return Path(shutil.copy(filled, tmp_path))


@pytest_asyncio.fixture(name="engines")
async def engines_of_it(path: Path) -> AsyncIterator[Engines]:
    """The engines of the file."""
    url = URL.create("sqlite+aiosqlite", database=str(path))
    its = Engines(sqlite_writer_engine(url), sqlite_reader_engine(url))
    yield its
    await its.writer.dispose()
    await its.reader.dispose()
