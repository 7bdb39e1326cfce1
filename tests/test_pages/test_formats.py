"""The formats of values in templates."""

import httpx
import pytest
from jinja2 import Environment

from app.pages.formats import FILTERS
from app.pages.rendering import Pages
from tests.support.factories import create_product
from tests.test_pages.browser import Browser

pytestmark = pytest.mark.any_database


def test_a_true_attribute_has_no_value_and_a_false_one_is_omitted() -> None:
    environment = Environment(autoescape=True)
    environment.filters |= FILTERS
    values = {"required": True, "autofocus": False, "list": None, "max": 9, "title": '"<a>&'}
    shown = environment.from_string("<input{{ values | xmlattr }}>").render(values=values)
    assert shown == '<input required max="9" title="&quot;&lt;a&gt;&amp;">'


async def test_no_page_has_an_attribute_in_the_notation_of_python(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client)
    # The browser checks each page of every test; these pages have required fields.
    for address in ("/log-in", "/register", "/console/products/new"):
        await packer.go(address)
    await packer.go(f"/console/products/{product['id']}")
    assert 'name="name" type="text"' in packer.html and " required" in packer.html


async def test_the_browser_of_the_tests_detects_such_an_attribute(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'<input required="True">'
    monkeypatch.setattr(Pages, "render", lambda *_, **__: body)
    with pytest.raises(AssertionError, match="required"):
        await browser.go("/log-in")
