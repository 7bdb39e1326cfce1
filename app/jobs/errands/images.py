"""Brings images to their last state: renders them, or deletes their files."""

import asyncio
import tempfile
from pathlib import Path
from uuid import UUID

from app.gateways.image_header import read_header
from app.gateways.image_rendering import NotRenderable, Rendering, render
from app.models import Image, ImageStatus, Rendition
from app.services.catalogue.images.image_service import IMAGE
from app.wiring.areas.catalogue import provide_image_results
from app.wiring.resources import Shop


async def settle_image(shop: Shop, image_id: UUID) -> None:
    """Do the remaining work for an image; this may be called repeatedly."""
    async with shop.database.read() as session:
        image = await provide_image_results(session, shop).find(image_id)
    if image is None:
        return
    if image.status is ImageStatus.WAITING:
        await _render(shop, image)
    elif image.status in (ImageStatus.UPLOADING, ImageStatus.REMOVED):
        # The upload has ended with its process, or the image was removed.
        for key in [image.original_key, *(each.key for each in image.renditions)]:
            await shop.files.delete(key)
        async with shop.database.write() as session:
            await provide_image_results(session, shop).delete(image_id)
        return
    # The original may reveal where a picture was taken, and is no longer needed.
    await shop.files.delete(image.original_key)


async def _render(shop: Shop, image: Image) -> None:
    try:
        rendering = await _rendering_of(shop, image)
    except NotRenderable as error:
        async with shop.database.write() as session:
            await provide_image_results(session, shop).refuse(image.id, str(error))
        return
    files = {image.rendition_key(each.content): each for each in rendering.renditions}
    rows = [
        Rendition(
            image_id=image.id,
            width=each.width,
            height=each.height,
            size_bytes=len(each.content),
            key=key,
        )
        for key, each in files.items()
    ]
    async with shop.database.write() as session:
        if not await provide_image_results(session, shop).expect(image.id, rows):
            return
    # Another release of the decoder may have rendered other files before its process died.
    for before in image.renditions:
        if before.key not in files:
            await shop.files.delete(before.key)
    for key, each in files.items():
        await shop.files.put(key, each.content)
    async with shop.database.write() as session:
        await provide_image_results(session, shop).publish(image.id, rendering)


async def _rendering_of(shop: Shop, image: Image) -> Rendering:
    stored = await shop.files.open(image.original_key)
    if stored is None:
        raise FileNotFoundError(f"the file of image {image.id} is missing")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original"
        with path.open("wb") as file:
            async for part in stored.parts:
                file.write(part)
        return await asyncio.to_thread(_render_file, path)


def _render_file(path: Path) -> Rendering:
    with path.open("rb") as file:
        header = read_header(file)
    return render(path, header)


HANDLERS = {IMAGE: settle_image}
