"""Products are found by words: the same products on both databases, by an index."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.wiring.resources import Shop
from tests.support.factories import add_products, create_product, product_row
from tests.support.queries import analyze, plan_of, statements_of

CATALOGUE = [
    {
        "sku": "TEA-EARL-100",
        "name": "Earl Grey, 100 g",
        "category": "Black tea",
        "description": "With oil of bergamot.\nSteep for 4 minutes.",
    },
    {
        "sku": "CAF.7/b_2",
        "name": "Café crème",
        "category": "Coffee",
        "description": "From the Straße of Zürich; naïve, not bitter.",
    },
    {
        "sku": "x1",
        "name": "緑茶 龍井",
        "category": "お茶",
        "description": "O'Reilly's \"best\" 😀 (100% AND/OR NOT half) ﬁne ²",
    },
    {
        "sku": "x2",
        "name": "Чёрный чай",
        "category": "한국어",
        "description": "İstanbul ΟΔΟΣ C:\\tea ™ e\u0301clair",
    },
]
EARL, CAFE, GREEN, BLACK = (str(product["sku"]) for product in CATALOGUE)
FOUND: dict[str, list[str]] = {
    # Words of each field, whole and by their beginning.
    "earl": [EARL],
    "ea": [EARL],
    "e": [EARL, BLACK],
    "arl": [],
    "earls": [],
    "grey": [EARL],
    "bergamot": [EARL],
    "steep": [EARL],
    "coffee": [CAFE],
    "100": [EARL, GREEN],
    "10": [EARL, GREEN],
    "4": [EARL],
    # The number of the product, with any separators between its parts.
    "TEA-EARL-100": [EARL],
    "tea-earl": [EARL],
    "TEA-EARL-1000": [],
    "tea_earl_100": [EARL],
    "100-EARL-TEA": [EARL],
    "CAF.7/b_2": [CAFE],
    "caf 7 b 2": [CAFE],
    "x": [GREEN, BLACK],
    # All words, wherever they are.
    "grey earl": [EARL],
    "earl bergamot tea": [EARL],
    "gr ea be": [EARL],
    "earl coffee": [],
    "earl earl": [EARL],
    "tea": [EARL, BLACK],
    "black tea": [EARL],
    # Case and accents are ignored, in every Unicode form.
    "EARL gREY": [EARL],
    "cafe creme": [CAFE],
    "CAFÉ": [CAFE],
    "cafe\u0301": [CAFE],
    "ca\u0301fe": [CAFE],
    "creme": [CAFE],
    "crêmé": [CAFE],
    "strasse": [CAFE],
    "STRASSE": [CAFE],
    "straße": [CAFE],
    "zurich": [CAFE],
    "naive": [CAFE],
    "eclair": [BLACK],
    "чёрный": [BLACK],
    "черный": [BLACK],
    "ЧАЙ": [BLACK],
    "istanbul": [BLACK],
    "İSTANBUL": [BLACK],
    "οδος": [BLACK],
    "οδοσ": [BLACK],
    "fine": [GREEN],
    "ﬁ": [GREEN],
    "tm": [BLACK],
    "\U0001d413\U0001d404\U0001d400": [EARL, BLACK],
    "\uff34\uff25\uff21": [EARL, BLACK],
    # In scripts without spaces, a text is also found from its middle.
    "緑茶": [GREEN],
    "緑": [GREEN],
    "茶": [GREEN],
    "龍井": [GREEN],
    "お茶": [GREEN],
    "한국": [BLACK],
    # Keywords of the query languages of the databases are normal words.
    "AND": [GREEN],
    "OR": [GREEN],
    "NOT": [CAFE, GREEN],
    "NEAR": [],
    "earl AND coffee": [],
    "earl OR coffee": [],
    "earl NOT coffee": [],
    "NEAR(earl grey)": [],
    "words:earl": [],
    "name : earl": [],
    # Their operators are ignored.
    "earl*": [EARL],
    "*": [],
    "ea:*": [EARL],
    "earl & coffee": [],
    "earl | coffee": [],
    "earl & grey": [EARL],
    "earl | grey": [EARL],
    "!earl": [EARL],
    "-earl": [EARL],
    "^earl": [EARL],
    "earl <-> grey": [EARL],
    "grey <2> earl": [],
    "earl:A": [],
    "earl + grey": [EARL],
    "(earl": [EARL],
    "earl)": [EARL],
    "{earl}": [EARL],
    '"earl grey"': [EARL],
    '"grey earl"': [EARL],
    '"earl': [EARL],
    'ea"rl': [],
    'o"reilly': [GREEN],
    "'earl'": [EARL],
    "o'reilly's": [GREEN],
    "earl'; DROP TABLE products; --": [],
    "e%": [EARL, BLACK],
    "%": [],
    "_": [],
    "?": [],
    ":q": [],
    "$1": [EARL, GREEN],
    "\\": [],
    "\\\\": [],
    "c:\\tea": [BLACK],
    "ea\\rl": [],
    "earl\\": [EARL],
    # A search without words finds nothing.
    " ": [],
    ".,;:!?": [],
    "&|!()": [],
    ":*": [],
    '""': [],
    "''": [],
    "\u0301": [],
    "\u200b": [],
    "😀": [],
    "🇫🇷👨\u200d👩\u200d👧": [],
    "earl 😀": [EARL],
    # Long ones, the last of which is three times as long without its ligatures.
    "x" * 200: [],
    "e " * 100: [EARL, BLACK],
    "a" * 199 + "*": [],
    '"' * 200: [],
    "😀" * 200: [],
    "茶" * 200: [],
    "\U00020000" * 200: [],
    "ﬃ" * 200: [],
    "\u3316" * 200: [],
    "\ufdfa" * 200: [],
    "earl " + "\u3316" * 190: [],
    # Whatever number, mark or letter Unicode has.
    "1e5": [],
    "-1.5": [],
    "1.5e-10": [],
    "0x1f": [],
    "²": [CAFE, GREEN],
    "½": [GREEN],
    "Ⅷ": [],
    "①": [EARL, GREEN],
    "٣": [],
    "हिन्दी": [],
    "ไทย": [],
    "\u2180": [],
    "\ua830": [],
    "\U0001e900": [],
    "\U00010107": [],
    "earl \ua830": [EARL],
    "ear\ua830gr": [EARL],
    "\U0001d6b6\U0001d6ab\U0001d6b6\U0001d6ba": [BLACK],
    "earl.grey@example.com": [],
    "https://example.com/earl?q=1": [],
}
SIZE = 3000


async def test_the_same_products_are_found_on_every_database(client: httpx.AsyncClient) -> None:
    for product in CATALOGUE:
        await create_product(client, **product)
    assert {asked: await _found(client, asked) for asked in FOUND} == FOUND


@pytest.mark.parametrize("asked", ["\0", "earl\0grey", "earl\ngrey", "\t", "earl\x7f"])
async def test_control_characters_are_not_words(client: httpx.AsyncClient, asked: str) -> None:
    await create_product(client, name="Earl Grey")
    response = await client.get("/products", params={"q": asked})
    assert response.status_code == 400
    assert [error["parameter"] for error in response.json()["errors"]] == ["q"]


async def test_words_longer_than_an_index_allows_are_accepted(client: httpx.AsyncClient) -> None:
    description = "bergamot " + "\u3316" * 1600 + " " + "long" * 60
    await create_product(client, sku="TEA", description=description)
    assert await _found(client, "bergamot long") == ["TEA"]
    assert await _found(client, "long" * 50) == ["TEA"]


async def test_a_changed_product_is_found_only_by_its_new_words(
    client: httpx.AsyncClient,
) -> None:
    product = await create_product(
        client, sku="OLD-1", name="Assam", category="Tea", description="Malty."
    )
    change = {"sku": "NEW-2", "name": "Darjeeling", "category": "Leaf", "description": "Light."}
    for field, value in change.items():
        old, new = str(product[field]), value
        assert (await _found(client, old), await _found(client, new)) == ([product["sku"]], [])
        await client.patch(f"/products/{product['id']}", json={field: value})
        product[field] = value
        assert (await _found(client, old), await _found(client, new)) == ([], [product["sku"]])


async def test_a_change_of_other_fields_keeps_the_search_words(client: httpx.AsyncClient) -> None:
    product = await create_product(client, name="Assam")
    await client.patch(f"/products/{product['id']}", json={"price": "1.00", "stock_quantity": 1})
    assert await _found(client, "assam") == [product["sku"]]


async def test_a_product_that_is_not_for_sale_is_not_found(client: httpx.AsyncClient) -> None:
    sold = await create_product(client, name="Assam")
    inactive = await create_product(client, name="Assam", is_active=False)
    archived = await create_product(client, name="Assam")
    await client.delete(f"/products/{archived['id']}")
    assert await _found(client, "assam") == [sold["sku"]]
    await client.patch(f"/products/{inactive['id']}", json={"is_active": True})
    assert await _found(client, "assam") == [sold["sku"], inactive["sku"]]


async def test_a_refused_change_keeps_the_search_words(client: httpx.AsyncClient) -> None:
    taken = await create_product(client, sku="TAKEN", name="Assam")
    product = await create_product(client, name="Darjeeling")
    change = {"sku": taken["sku"], "name": "Ceylon"}
    response = await client.patch(f"/products/{product['id']}", json=change)
    assert response.status_code == 409
    assert await _found(client, "ceylon") == []
    assert await _found(client, "darjeeling") == [product["sku"]]


@pytest.mark.parametrize("asked", ["number1234", "number123", "tea number1234"])
async def test_the_search_uses_the_index(client: httpx.AsyncClient, shop: Shop, asked: str) -> None:
    await _fill(shop)
    with statements_of(shop) as statements:
        found = await _found(client, asked)
    assert len(found) == (11 if asked == "number123" else 1)
    assert len(statements) == 1
    plan = await plan_of(shop, statements[0])
    if shop.database.is_sqlite:
        assert "SCAN product_search VIRTUAL TABLE INDEX 0:M" in plan
        assert "SCAN products" not in plan
    else:
        assert "Bitmap Index Scan on ix_products_search" in plan
        assert "Seq Scan" not in plan


async def _found(client: httpx.AsyncClient, asked: str) -> list[str]:
    query = {"q": asked, "sort": "created_at"}
    response = await client.get("/products", params=query)
    assert response.status_code == 200, (asked, response.text)
    return [item["sku"] for item in response.json()["items"]]


async def _fill(shop: Shop) -> None:
    start = datetime(2026, 1, 31, 12, tzinfo=UTC)
    rows = [_row(number, start + timedelta(seconds=number)) for number in range(SIZE)]
    async with shop.database.write() as session:
        await add_products(session, rows)
    await analyze(shop, "products")


def _row(number: int, at: datetime) -> dict[str, Any]:
    return product_row(f"S{number}", f"Tea number{number}", "Tea", number, at)
