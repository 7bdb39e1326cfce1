"""A store returns complete files, and no files from outside of it."""

import asyncio
import stat
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.gateways.folder_store import FolderStore
from app.gateways.s3_store import BucketStore
from app.gateways.storage import FileStore
from app.settings import InvalidSettings
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.servers.s3 import S3Server, start_s3

KEY = f"ab/cd/{'0' * 64}.webp"
ORIGINAL = f"originals/ab/cd/{'0' * 64}"


@pytest.fixture(name="s3", scope="module")
def s3_server() -> Iterator[S3Server]:
    """A private S3 server."""
    with start_s3() as its:
        yield its


@pytest.fixture(name="store", params=["folder", "bucket", "bucket with prefix"])
def each_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FileStore:
    """An empty store of each kind in turn."""
    if request.param == "folder":
        return FolderStore(tmp_path / "media")
    server: S3Server = request.getfixturevalue("s3")
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    prefix = f"of/{tmp_path.name}" if "prefix" in request.param else tmp_path.name
    return BucketStore("media", prefix)


async def _read(store: FileStore, key: str) -> bytes | None:
    stored = await store.open(key)
    if stored is None:
        return None
    content = b"".join([part async for part in stored.parts])
    assert stored.size == len(content)
    return content


async def test_a_stored_file_exists_until_it_is_deleted(store: FileStore, tmp_path: Path) -> None:
    assert await _read(store, KEY) is None
    await store.delete(KEY)
    await store.put(KEY, b"first")
    await store.put(ORIGINAL, b"")
    assert (await _read(store, KEY), await _read(store, ORIGINAL)) == (b"first", b"")
    file = tmp_path / "file"
    file.write_bytes(bytes(range(256)) * 40_000)
    await store.put(KEY, file)
    assert sha256(await _read(store, KEY) or b"").digest() == sha256(file.read_bytes()).digest()
    await store.delete(KEY)
    assert (await _read(store, KEY), await _read(store, ORIGINAL)) == (None, b"")


async def test_concurrent_writers_leave_one_complete_file(store: FileStore) -> None:
    contents = [bytes([number]) * 300_000 for number in range(8)]
    await asyncio.gather(*(store.put(KEY, each) for each in contents))
    assert await _read(store, KEY) in contents


@pytest.mark.parametrize(
    "key", ["", "lavka.db", "../lavka.db", f"{KEY}/..", KEY.upper(), f"/{KEY}", KEY + "\n"]
)
async def test_a_key_of_another_form_is_refused(store: FileStore, key: str) -> None:
    for attempt in (store.open(key), store.put(key, b"x"), store.delete(key)):
        with pytest.raises(ValueError, match="is not a key"):
            await attempt


async def test_files_in_a_folder_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    await FolderStore(tmp_path / "media").put(KEY, b"x")
    for path in (tmp_path / "media", *(tmp_path / "media").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert not list((tmp_path / "media" / "incoming").iterdir())


async def test_a_folder_that_cannot_be_written_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"a file")
    store = FolderStore(tmp_path / "media")
    for attempt in (store.put(KEY, b"x"), store.open(KEY), store.delete(KEY)):
        with pytest.raises(Unavailable):
            await attempt


async def test_a_bucket_that_does_not_respond_is_an_outage_after_a_timeout(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (s3.variables | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}).items():
        monkeypatch.setenv(name, value)
    store, began = BucketStore("media", ""), time.monotonic()
    for attempt in (store.put(KEY, b"x"), store.open(KEY), store.delete(KEY)):
        with pytest.raises(Unavailable):
            await attempt
    assert time.monotonic() - began < 30


async def test_a_bucket_that_refuses_the_credentials_is_an_outage(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (s3.variables | {"AWS_SECRET_ACCESS_KEY": "marked-secret"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unavailable):
        await BucketStore("media", "").put(KEY, b"x")
    assert "marked-secret" not in caplog.text and "Signature" not in caplog.text


def test_a_bucket_without_its_package_is_refused_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    shop = Shop(sqlite_settings(tmp_path, media_store="s3://media/of/a/shop"))
    with pytest.raises(InvalidSettings, match=r"uv sync --extra s3"):
        _ = shop.files
