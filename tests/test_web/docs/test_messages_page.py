"""The page at `/docs/messages` shows the whole AsyncAPI document, offline and without a script."""

from html.parser import HTMLParser

import httpx
import pytest

from app.messaging.commands import COMMANDS
from app.messaging.events import EVENTS
from app.web.docs.messages_page import page_of
from tests.test_web.docs.documents import DOCS, Loads
from tests.test_web.docs.test_asyncapi import messages_of

pytestmark = pytest.mark.any_database


class Reader(HTMLParser):
    """Collects the text of a page and its anchors, and checks that its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the start of an element."""
        given = dict(attrs)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Assert that the element is the last one that has started."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Record a text."""
        self.text += data


async def read(client: httpx.AsyncClient) -> Reader:
    """Read the page."""
    page = await client.get(f"{DOCS}/messages")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    reader = Reader()
    reader.feed(page.text)
    assert not reader.open
    return reader


async def test_the_page_has_every_queue_and_event(client: httpx.AsyncClient) -> None:
    reader = await read(client)
    parked = [f"{queue}.dlq" for queue in COMMANDS]
    assert reader.ids == [*COMMANDS, *EVENTS, "report", *parked]
    inner = [link for link in reader.links if link.startswith("#")]
    assert inner == [f"#{name}" for name in reader.ids]
    assert set(reader.links) - set(inner) == {"/docs", "/docs/asyncapi.json"}


async def test_the_page_has_the_content_of_the_document(client: httpx.AsyncClient) -> None:
    document, reader = await messages_of(client), await read(client)
    for message in document["components"]["messages"].values():
        for words in (message["summary"], message["description"]):
            assert words.replace("`", "") in reader.text
    for schema in document["components"]["schemas"].values():
        for name, field in schema.get("properties", {}).items():
            assert name in reader.text
            assert field["description"].replace("`", "") in reader.text, name
    for name in ("items[].quantity", "data.items[].unit_price", "product_data.price", "x-error"):
        assert name in reader.text


async def test_the_page_loads_a_style_of_the_shop_and_no_script(client: httpx.AsyncClient) -> None:
    page = await client.get(f"{DOCS}/messages")
    loads = Loads()
    loads.feed(page.text)
    assert "<script" not in page.text and " style=" not in page.text
    assert not loads.has_inline_script
    loaded = [url for url in loads.urls if url.startswith("/docs/assets/")]
    assert len(loaded) == 2
    for url in loaded:
        assert (await client.get(f"http://shop.test{url}")).status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


async def test_the_page_at_docs_links_to_the_page_of_messages(client: httpx.AsyncClient) -> None:
    document = (await client.get(f"{DOCS}/openapi.json")).json()
    assert "(/docs/messages)" in document["info"]["description"]


async def test_text_that_looks_like_html_is_escaped(client: httpx.AsyncClient) -> None:
    document = await messages_of(client)
    message = document["components"]["messages"]["order"]
    message["summary"] = message["examples"][0]["payload"] = "<script>`<b>`</script>"
    page = page_of(document)
    assert "<script>" not in page and "<b>" not in page
    assert "&lt;script&gt;<code>&lt;b&gt;</code>" in page
