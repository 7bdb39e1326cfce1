"""Pages, scripts and styles are small."""

import httpx
import pytest

from app.pages.assets import Assets
from tests.support.factories import create_product, create_user, place_order
from tests.test_pages.browser import Browser

_KIB = 1024
_PAGE, _SCRIPTS, _STYLES = 150 * _KIB, 60 * _KIB, 25 * _KIB
_PRODUCTS, _ORDERS, _SIZES, _COLOURS = 30, 25, 10, 6


def _gzipped(ending: str) -> int:
    files = Assets().files
    return sum(len(each.gzipped) for name, each in files.items() if name.endswith(ending))


def test_all_scripts_and_all_styles_are_small() -> None:
    assert 0 < _gzipped(".js") <= _SCRIPTS
    assert 0 < _gzipped(".css") <= _STYLES


@pytest.mark.any_database
async def test_full_pages_are_small(packer: Browser, client: httpx.AsyncClient) -> None:
    options = [
        {
            "sku": f"SHIRT-{size}-{colour}",
            "option_values": {"Size": f"{size}", "Colour": f"{colour}"},
        }
        for size in range(_SIZES)
        for colour in range(_COLOURS)
    ]
    shirt = await create_product(client, **options[0], variants=options[1:])
    for _ in range(_PRODUCTS):
        tea = await create_product(
            client, stock_quantity=100, description="From the slopes of Darjeeling. " * 20
        )
    user = await create_user(client)
    for _ in range(_ORDERS):
        await place_order(client, user["id"], {tea["id"]: 1})
    for address in (
        "/",
        "/s",
        f"/p/{tea['id']}",
        f"/p/{shirt['id']}",
        "/console/orders",
        "/console/products",
        f"/console/products/{shirt['id']}",
        "/console/stock?sort=-created_at",
        "/console/operations",
    ):
        page = await packer.go(address)
        assert page.status_code == 200, address
        assert len(page.content) <= _PAGE, address
