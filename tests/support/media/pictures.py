"""Makes image files, uploads them, and renders them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from app.jobs.errands.handlers import HANDLERS
from app.jobs.errands.loop import do_due
from app.wiring.resources import Shop

NOBODY = {"Authorization": ""}


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (900, 600),
    colour: Any = (200, 10, 0),
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """Return the file of an image of one colour."""
    return file_of(Image.new(mode, size, colour), kind, **options)


def file_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image as a file."""
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


async def upload(
    client: httpx.AsyncClient,
    product: dict[str, Any],
    content: bytes,
    media_type: str = "image/png",
    **query: str,
) -> httpx.Response:
    """Upload a file as an image of a product."""
    headers = {"Content-Type": media_type}
    path = f"/products/{product['id']}/images"
    return await client.post(path, content=content, headers=headers, params=query)


async def add_image(
    client: httpx.AsyncClient,
    shop: Shop,
    product: dict[str, Any],
    alt: str = "",
    **options: Any,
) -> dict[str, Any]:
    """Upload an image of one colour, render it, and return it."""
    answer = await upload(client, product, picture(**options), alt=alt)
    assert answer.status_code == 202, answer.text
    await render_all(shop)
    shown = await client.get(answer.headers["Location"].removeprefix("/api/v1"))
    image: dict[str, Any] = shown.json()
    return image


async def fetch(client: httpx.AsyncClient, url: str, **headers: str) -> httpx.Response:
    """Request a file without a token."""
    return await client.get(f"http://shop.test{url}", headers=NOBODY | headers)


async def render_all(shop: Shop) -> None:
    """Run all errands that are due."""
    while await do_due(shop, HANDLERS):
        pass


def files_of(shop: Shop) -> list[str]:
    """Return the keys of all files of a shop."""
    folder: Path = shop.settings.media_folder
    return sorted(
        each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()
    )
