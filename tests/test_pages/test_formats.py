"""How templates write what they are given."""

import httpx
import pytest
from jinja2 import Environment

from app.pages.formats import FILTERS
from app.pages.rendering import Pages
from tests.support.factories import create_product
from tests.test_pages.browser import Browser

pytestmark = pytest.mark.any_database


def test_an_attribute_that_is_true_has_no_value_and_one_that_is_false_is_not_there() -> None:
    environment = Environment(autoescape=True)
    environment.filters |= FILTERS
    values = {"required": True, "autofocus": False, "list": None, "max": 9, "title": '"<a>&'}
    shown = environment.from_string("<input{{ values | xmlattr }}>").render(values=values)
    assert shown == '<input required max="9" title="&quot;&lt;a&gt;&amp;">'


async def test_no_page_has_an_attribute_as_python_writes_it(
    packer: Browser, client: httpx.AsyncClient
) -> None:
    product = await create_product(client)
    # The browser looks at each page that any test shows; these have fields that must be filled in.
    for address in ("/log-in", "/register", "/console/products/new"):
        await packer.go(address)
    await packer.go(f"/console/products/{product['id']}")
    assert 'name="name" type="text"' in packer.html and " required" in packer.html


async def test_the_browser_of_the_tests_notices_such_an_attribute(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'<input required="True">'
    monkeypatch.setattr(Pages, "render", lambda *_, **__: body)
    with pytest.raises(AssertionError, match="required"):
        await browser.go("/log-in")
