"""The pages of the goods: home, categories, search, products."""

import httpx
import pytest

from app.pages.storefront import sitemap_controller
from app.wiring.resources import Shop
from tests.support.factories import create_product
from tests.support.queries import statements_of
from tests.test_pages.browser import Browser


@pytest.mark.any_database
async def test_the_first_page_shows_new_products(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await create_product(client, name="Earl Grey", price="1234.50", category="Tea")
    await create_product(client, name="Sold out", stock_quantity=0)
    await browser.visit("/")
    assert "Earl Grey $1,234.50 In stock" in browser.text
    assert "Sold out" not in browser.text
    assert f'href="/p/{tea["id"]}"' in browser.html
    assert 'href="/c/tea/"' in browser.html


@pytest.mark.any_database
async def test_a_category_has_its_breadcrumbs_and_products(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = (await client.post("/categories", json={"name": "Tea"})).json()
    green = {"name": "Green", "parent_id": tea["id"]}
    await client.post("/categories", json=green)
    await create_product(client, name="Sencha", category="Green", price="5.00")
    await create_product(client, name="Coffee", category="Other", price="5.00")
    await browser.visit("/c/tea")
    assert 'href="/c/tea/green/"' in browser.html
    assert "Sencha" in browser.text and "Coffee" not in browser.text
    await browser.visit("/c/tea/green/")
    assert "Home Tea Green" in browser.text
    assert (await browser.visit("/c/nothing")).status_code == 404


@pytest.mark.any_database
async def test_a_former_path_of_a_category_redirects(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = (await client.post("/categories", json={"name": "Tea"})).json()
    await client.patch(f"/categories/{tea['id']}", json={"slug": "teas"})
    moved = await browser.visit("/c/tea/")
    assert (moved.status_code, moved.headers["location"]) == (301, "/c/teas/")


async def test_a_search_is_narrowed_down_by_facets(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    for size, price in (("S", "3.00"), ("M", "30.00")):
        await create_product(
            client, name=f"Shirt {size}", price=price, option_values={"Size": size}
        )
    await browser.visit("/s?q=shirt&utm_source=advert")
    assert "Results for “shirt”" in browser.text
    assert "Shirt S" in browser.text and "Shirt M" in browser.text
    assert 'href="/s?q=shirt&amp;option.Size=M"' in browser.html
    await browser.visit("/s?q=shirt&option.Size=M")
    assert "Shirt M" in browser.text and "Shirt S" not in browser.text
    await browser.visit("/s?q=shirt&max_price=4.00")
    assert "Shirt S" in browser.text and "Shirt M" not in browser.text
    await browser.visit("/s?q=trousers")
    assert "No product matches this." in browser.text


@pytest.mark.any_database
async def test_a_list_links_to_its_next_page(client: httpx.AsyncClient, browser: Browser) -> None:
    for number in range(25):
        await create_product(client, name=f"Tea {number:02}")
    await browser.visit("/s?sort=name")
    assert browser.html.count('class="product-card"') == 24
    following = browser.html.partition('rel="next" href="')[2].partition('"')[0]
    await browser.visit(following.replace("&amp;", "&"))
    assert "Tea 24" in browser.text and "Tea 23" not in browser.text


@pytest.mark.any_database
async def test_a_product_shows_the_requested_variant(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    large = {"sku": "L", "option_values": {"Size": "L"}, "price": "9.00", "stock_quantity": 0}
    shirt = await create_product(
        client, price="7.00", option_values={"Size": "S"}, variants=[large], stock_quantity=50
    )
    ids = {each["sku"]: each["id"] for each in shirt["variants"]}
    await browser.visit(f"/p/{shirt['id']}")
    assert "$7.00" in browser.text and "In stock" in browser.text
    assert f'href="/p/{shirt["id"]}?v={ids["L"]}"' in browser.html
    await browser.visit(f"/p/{shirt['id']}?v={ids['L']}")
    assert "$9.00" in browser.text and "Sold out" in browser.text
    assert "Add to cart" not in browser.text


async def test_a_product_has_structured_data_for_search_engines(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await create_product(client, name="A </script> tea", price="4.99", stock_quantity=50)
    await browser.visit(f"/p/{tea['id']}")
    assert '"price": "4.99"' in browser.html
    assert '"availability": "https://schema.org/InStock"' in browser.html
    assert "A \\u003c/script\\u003e tea" in browser.html
    assert (await browser.visit(f"/p/{tea['id'][:-4]}0000")).status_code == 404


@pytest.mark.any_database
async def test_a_product_of_a_known_weight_has_the_price_of_a_kilogram(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    tea = await create_product(client, price="4.99", weight_grams=120)
    await browser.visit(f"/p/{tea['id']}")
    assert "$41.58 per kg. Including tax" in browser.text
    light = await create_product(client, price="4.99")
    await browser.visit(f"/p/{light['id']}")
    assert "per kg" not in browser.text


@pytest.mark.any_database
async def test_filtered_lists_have_the_canonical_url_of_the_whole_list(
    client: httpx.AsyncClient, browser: Browser
) -> None:
    await create_product(client, category="Tea")
    for address in ("/c/tea/", "/c/tea/?in_stock=true&sort=price"):
        await browser.visit(address)
        assert '<link rel="canonical" href="/c/tea/">' in browser.html


@pytest.mark.any_database
async def test_robots_txt_names_the_paths_for_crawlers(browser: Browser) -> None:
    robots = await browser.visit("/robots.txt")
    assert robots.text.endswith("Sitemap: http://shop.test/sitemap.xml\n")
    assert "Disallow: /checkout\n" in robots.text


@pytest.mark.any_database
async def test_the_sitemap_names_all_products_and_categories(
    client: httpx.AsyncClient, browser: Browser, monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    monkeypatch.setattr(sitemap_controller, "_MOST", 2)
    made = [await create_product(client, name=f"Tea {n}", category="Tea") for n in range(5)]
    hidden = await create_product(client, category="Tea", is_active=False)
    gone = await create_product(client, category="Tea")
    await client.delete(f"/products/{gone['id']}")
    index = await browser.visit("/sitemap.xml")
    assert index.headers["content-type"].startswith("application/xml")
    assert index.headers["cache-control"] == "public, max-age=3600"
    assert index.text.startswith('<?xml version="1.0" encoding="UTF-8"?><sitemapindex xmlns=')
    pages = _addresses(index.text)
    assert pages == [
        "http://shop.test/sitemap.xml?categories",
        *(f"http://shop.test/sitemap.xml?products={made[at]['id']}" for at in (0, 2, 4)),
    ]
    named = [_addresses((await browser.visit(each)).text) for each in pages]
    assert [len(each) for each in named] == [2, 2, 2, 1]
    assert named[0] == ["http://shop.test/", "http://shop.test/c/tea/"]
    assert sum(named[1:], []) == [f"http://shop.test/p/{each['id']}" for each in made]
    with statements_of(shop) as statements:
        for each in ("/sitemap.xml", *pages):
            await browser.visit(each)
    assert not statements
    # A change of the products for sale is visible at once.
    await client.patch(f"/products/{hidden['id']}", json={"is_active": True})
    assert hidden["id"] in (await browser.visit(pages[-1])).text


async def test_an_empty_shop_has_a_sitemap_without_products(browser: Browser) -> None:
    assert _addresses((await browser.visit("/sitemap.xml")).text) == [
        "http://shop.test/sitemap.xml?categories"
    ]
    wrong = await browser.visit("/sitemap.xml?products=first")
    assert wrong.status_code == 400


def _addresses(text: str) -> list[str]:
    return [each.partition("</loc>")[0] for each in text.split("<loc>")[1:]]


async def test_pages_of_goods_need_few_statements(
    client: httpx.AsyncClient, browser: Browser, shop: Shop
) -> None:
    tea = await create_product(client, category="Tea")
    for address in ("/", "/c/tea/", "/s?q=tea", f"/p/{tea['id']}"):
        with statements_of(shop) as statements:
            assert (await browser.visit(address)).status_code == 200
        assert len(statements) <= 10, address
