"""A browser without scripts: it has cookies, follows redirections and sends the forms of pages."""

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx
from litestar import Litestar

from app.models import UserRole
from app.wiring.resources import Shop
from tests.support.accounts import set_user
from tests.support.applications import transport_to
from tests.support.factories import create_user

PASSWORD = "correct horse battery staple"
_WRITTEN_BY_PYTHON = re.compile(r'[\w-]+="(?:True|False|None)"')


class Form(HTMLParser):
    """The form of a page with a given action: its fields and their values."""

    def __init__(self, html: str, action: str | None) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.is_found = False
        self._action = action
        self._is_inside = False
        self._select: str | None = None
        self._text: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read a field of the form."""
        its = dict(attrs)
        if tag == "form" and its.get("method") == "post" and not self.is_found:
            self._is_inside = self.is_found = self._action in (None, its.get("action"))
        if not self._is_inside:
            return
        name = its.get("name")
        if tag == "input" and name and self._is_sent(its):
            self.fields[name] = its.get("value") or ("on" if its.get("type") == "checkbox" else "")
        if tag == "select" and name:
            self._select = name
        if (
            tag == "option"
            and self._select
            and ("selected" in its or self._select not in self.fields)
        ):
            self.fields[self._select] = its.get("value") or ""
        if tag == "textarea" and name:
            self._text = name
            self.fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        """End a field or the form."""
        if tag == "form":
            self._is_inside = False
        if tag == "select":
            self._select = None
        if tag == "textarea":
            self._text = None

    def handle_data(self, data: str) -> None:
        """Read the text of a field of several lines."""
        if self._text is not None:
            self.fields[self._text] += data.removeprefix("\n")

    @staticmethod
    def _is_sent(its: dict[str, str | None]) -> bool:
        return its.get("type") not in ("checkbox", "radio") or "checked" in its


class Browser:
    """A browser that shows pages of the shop."""

    def __init__(self, app: Litestar, address: str = "127.0.0.1") -> None:
        self.http = httpx.AsyncClient(
            transport=transport_to(app, client=(address, 5000)),
            base_url="http://shop.test",
            headers={"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"},
            event_hooks={"response": [_require_html]},
        )
        self.page = httpx.Response(204)

    @property
    def html(self) -> str:
        """The source of the page."""
        return self.page.text

    @property
    def cookies(self) -> httpx.Cookies:
        """The cookies of the browser."""
        return self.http.cookies

    async def visit(self, address: str) -> httpx.Response:
        """Load a page without following redirects."""
        self.page = await self.http.get(address)
        return self.page

    async def go(self, address: str, **headers: str) -> httpx.Response:
        """Load a page, and follow its redirects."""
        self.page = await self.http.get(address, headers=headers)
        while self.page.is_redirect:
            self.page = await self.http.get(self.page.headers["location"])
        return self.page

    def form(self, action: str | None = None) -> Form:
        """Return a form of the current page, the first one if no action is given."""
        found = Form(self.page.text, action)
        assert found.is_found, f"no form {action}"
        return found

    async def send(self, action: str | None = None, **fields: Any) -> httpx.Response:
        """Fill in a form of the page and send it; None leaves a field out, `__` stands for a dot.

        Return the response, and follow its redirect, unless it is to the page of a bank.
        """
        typed = {name.replace("__", "."): each for name, each in fields.items()}
        filled = self.form(action).fields | {name: str(each) for name, each in typed.items()}
        kept = {name: each for name, each in filled.items() if typed.get(name, "") is not None}
        response = await self.http.post(action or str(self.page.url), data=kept)
        self.page = response
        while self.page.is_redirect and "/test-bank" not in self.page.headers["location"]:
            self.page = await self.http.get(self.page.headers["location"])
        return response

    async def log_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        """Log in as a user."""
        await self.go("/log-in")
        return await self.send(username=name, password=password)

    @property
    def text(self) -> str:
        """The words of the page, without its markup."""
        body = re.sub(r"<(style|script).*?</\1>", " ", self.page.text, flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


async def log_in_as(
    browser: Browser, client: httpx.AsyncClient, shop: Shop, role: UserRole = UserRole.STAFF
) -> str:
    """Log in as a new user with a role; return the e-mail address."""
    user = await create_user(client)
    await set_user(shop, user["id"], role=role)
    await browser.log_in(user["email"])
    return str(user["email"])


async def _require_html(response: httpx.Response) -> None:
    """Assert that no attribute of a page has the notation of Python."""
    if response.headers.get("content-type", "").startswith("text/html"):
        await response.aread()
        wrong = _WRITTEN_BY_PYTHON.findall(response.text)
        assert not wrong, f"{response.url}: {wrong}"
