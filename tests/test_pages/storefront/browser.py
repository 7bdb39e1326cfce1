"""A browser without scripts: it keeps cookies, and sends the forms of pages."""

import re
from html import unescape
from types import TracebackType
from typing import Self

import httpx
from litestar import Litestar

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.S)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]+>", re.S)


class Browser:
    """Visits pages of a shop."""

    def __init__(self, app: Litestar) -> None:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        self._client = httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers=headers, timeout=60
        )
        self.page = httpx.Response(200, text="")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies that it has."""
        return self._client.cookies

    @property
    def html(self) -> str:
        """The source of the page that it shows."""
        return self.page.text

    @property
    def text(self) -> str:
        """The words of the page that it shows, with one space between them."""
        return " ".join(unescape(_TAG.sub(" ", self.page.text)).split())

    async def visit(self, address: str) -> httpx.Response:
        """Load a page."""
        self.page = await self._client.get(address)
        return self.page

    async def send(self, action: str, **fields: str) -> httpx.Response:
        """Send the form of the page with this action, and go where the answer leads."""
        hidden = self._hidden_of(action)
        names = {name.replace("__", "."): value for name, value in fields.items()}
        answer = await self._client.post(action or str(self.page.url), data=hidden | names)
        self.page = answer
        location = answer.headers.get("location", "")
        if answer.status_code == 303 and location.startswith("/") and "/test-bank" not in location:
            await self.visit(location)
        return answer

    def _hidden_of(self, action: str) -> dict[str, str]:
        for attributes, content in _FORM.findall(self.html):
            its = f'method="post" action="{action}"' if action else 'method="post"'
            if its in attributes:
                return {name: unescape(value) for name, value in _HIDDEN.findall(content)}
        raise AssertionError(f"the page has no form for {action}")
