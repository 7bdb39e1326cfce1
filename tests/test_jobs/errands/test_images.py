"""After a crash or a failure of the store, images are rendered again or removed."""

import signal
import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import pytest
from PIL import Image as Picture
from sqlalchemy import select

from app.errors import Unavailable
from app.gateways.folder_store import FolderStore
from app.models import Errand, Image, ImageStatus, Rendition
from app.wiring.areas.catalogue import provide_image_uploads
from app.wiring.resources import Shop
from tests.conftest import sqlite_settings
from tests.support.accounts import later
from tests.support.factories import create_product
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.media.pictures import files_of, picture, render_all, upload
from tests.support.processes import WAIT_SECONDS, ServedShop, serving
from tests.support.servers.sqlite import give_schema
from tests.support.tables import everything


async def _image(shop: Shop) -> Image:
    async with shop.database.read() as session:
        (image,) = await session.scalars(select(Image))
        found: Image = image
        return found


async def _assert_empty(shop: Shop) -> None:
    tables = await everything(shop)
    assert [tables[name] for name in ("images", "renditions", "errands")] == [[], [], []]
    assert files_of(shop) == []


async def test_an_upload_whose_process_died_is_removed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    sound = FolderStore.put
    for is_stored in (False, True):

        async def dies(
            self: FolderStore, key: str, source: Any, is_stored: bool = is_stored
        ) -> None:
            if is_stored:
                await sound(self, key, source)
            raise KeyboardInterrupt

        with patch.object(FolderStore, "put", dies), pytest.raises(KeyboardInterrupt):
            await provide_image_uploads(shop).add(UUID(product["id"]), picture())
        assert (await _image(shop)).status is ImageStatus.UPLOADING
        await render_all(shop)
        assert (await _image(shop)).status is ImageStatus.UPLOADING
        with later(shop, timedelta(minutes=5)):
            await render_all(shop)
        await _assert_empty(shop)


async def test_an_upload_that_is_repeated_after_a_failure_is_complete(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    with patch.object(FolderStore, "put", side_effect=Unavailable("no")):
        answer = await upload(client, product, picture())
        assert answer.status_code == 503
    assert (await upload(client, product, picture())).status_code == 202
    await render_all(shop)
    assert (await _image(shop)).status is ImageStatus.READY
    assert len(files_of(shop)) == 4


async def test_an_image_that_is_removed_while_it_is_rendered_leaves_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    product = await create_product(client)
    image = (await upload(client, product, picture())).json()
    path = f"/products/{product['id']}/images/{image['id']}"
    sound = FolderStore.put

    async def put(self: FolderStore, key: str, source: Any) -> None:
        await sound(self, key, source)
        await client.delete(path)

    with patch.object(FolderStore, "put", put):
        await render_all(shop)
    await _assert_empty(shop)


async def test_a_rendering_that_fails_is_done_again(client: httpx.AsyncClient, shop: Shop) -> None:
    await upload(client, await create_product(client), picture())
    sound, calls = FolderStore.put, 0

    async def put(self: FolderStore, key: str, source: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Unavailable("the disk is full")
        await sound(self, key, source)

    with patch.object(FolderStore, "put", put):
        await render_all(shop)
        assert (await _image(shop)).status is ImageStatus.WAITING
        with later(shop, timedelta(seconds=30)):
            await render_all(shop)
    assert (await _image(shop)).status is ImageStatus.READY
    assert len(files_of(shop)) == 4


async def test_files_that_another_release_has_rendered_are_removed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await upload(client, await create_product(client), picture())
    image = await _image(shop)
    before = image.rendition_key(b"as it was")
    await shop.files.put(before, b"as it was")
    async with shop.database.write() as session:
        its = {"image_id": image.id, "width": 7, "height": 7, "size_bytes": 9}
        session.add(Rendition(key=before, **its))
    await render_all(shop)
    assert before not in files_of(shop) and len(files_of(shop)) == 4


async def test_an_image_whose_file_was_lost_is_given_up_and_stays(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await upload(client, await create_product(client), picture())
    await shop.files.delete((await _image(shop)).original_key)
    for hours in range(8):
        with later(shop, timedelta(hours=hours)):
            await render_all(shop)
    assert (await _image(shop)).status is ImageStatus.WAITING
    async with shop.database.read() as session:
        (errand,) = await session.scalars(select(Errand))
    assert (errand.attempts, errand.given_up_at is not None) == (8, True)
    assert "is missing" in (errand.last_error or "")


_LEASED = "SELECT count(*) FROM errands WHERE kind = 'image' AND attempts > 0"
_ALL = "SELECT count(*) FROM errands"
_RELEASE = "UPDATE errands SET due_at = '2020-01-01 00:00:00.000000'"


def _ask(folder: Path, statement: str) -> int:
    with closing(sqlite3.connect(folder / "var" / "lavka.db", timeout=10)) as connection:
        row = connection.execute(statement).fetchone()
        connection.commit()
    return 0 if row is None else int(row[0])


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _whole_files(folder: Path) -> int:
    """Return the number of files with final names, and assert that each is complete."""
    files = [each for each in (folder / "var" / "media").glob("??/??/*") if each.is_file()]
    for each in files:
        with Picture.open(BytesIO(each.read_bytes())) as opened:
            opened.load()
    return len(files)


def _upload_to(served: ServedShop) -> str:
    with httpx.Client(base_url=f"{served.url}/api/v1", headers=AUTHORIZATION) as client:
        product = client.post(
            "/products", json={"sku": "TEA", "name": "Tea", "category": "Tea", "price": "1.00"}
        ).json()
        content = picture("JPEG", size=(4_000, 4_000), colour=(9, 90, 200))
        path = f"/products/{product['id']}/images"
        answer = client.post(path, content=content, headers={"Content-Type": "image/jpeg"})
        assert answer.status_code == 202, answer.text
    return path


async def test_a_process_that_is_killed_while_it_renders_leaves_whole_files_or_none(
    tmp_path: Path,
) -> None:
    settings = sqlite_settings(tmp_path / "var")
    give_schema(settings)
    await let_machine_into(settings)
    path = ""
    for pause in (0.0, 0.1, 0.2, 0.3, 0.4):
        with serving(settings, tmp_path) as served:
            path = path or _upload_to(served)
            _wait_for(lambda: _ask(tmp_path, _LEASED) or not _ask(tmp_path, _ALL))
            time.sleep(pause)
            served.process.send_signal(signal.SIGKILL)
            served.process.wait(WAIT_SECONDS)
        assert _whole_files(tmp_path) <= 4
        _ask(tmp_path, _RELEASE + ", attempts = 0")
    with serving(settings, tmp_path) as served:
        url = f"{served.url}/api/v1{path}"
        _wait_for(lambda: len(httpx.get(url).json()["items"]) == 1)
        (image,) = httpx.get(url).json()["items"]
        for each in image["renditions"]:
            assert httpx.get(f"{served.url}{each['url']}").status_code == 200
    assert _whole_files(tmp_path) == 4
