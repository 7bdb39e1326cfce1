"""Fixtures: a demo shop in a separate process, and a browser that visits it."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.people import PASSWORD, log_in
from tests.browser.places import furnish
from tests.browser.watch import Watch
from tests.browser.world import World, enter
from tests.conftest import sqlite_settings
from tests.support.processes import ServedShop, serving
from tests.support.tables import draw_few_pictures

# pytest passes a fixture by the name of its function.
# pylint: disable=redefined-outer-name

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
# The first one has no user interface, and takes half of the CPU time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
# The timeout for a busy machine; elements that exist are found at once.
_PATIENCE_MS = 15_000
VARIABLES = {
    "ADMIN_PASSWORD": PASSWORD,
    "PAYMENT_PROVIDERS": "test,manual",
    "PAYMENT_CAPTURE": "on_shipment",
}
Visit = Callable[..., Page]


def installed_browser() -> str | None:
    """Return the path of the first of the browsers that is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; without one, tests are skipped, but fail in the pipeline."""
    if (found := installed_browser()) is None:
        words = "there is no chromium: the Debian package chromium-headless-shell has it"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shop's data."""
    return tmp_path_factory.mktemp("shop")


@pytest.fixture(scope="session")
def served(chromium: str, folder: Path) -> Iterator[ServedShop]:
    """The demo shop with the bank for tests."""
    assert chromium
    settings = sqlite_settings(folder)
    with serving(settings, folder, "--demo", is_new=True, variables=VARIABLES) as shop:
        draw_few_pictures(folder / "lavka.db")
        yield shop


@pytest.fixture(scope="session")
def world(served: ServedShop, folder: Path) -> Iterator[World]:
    """The shop as an administrator uses it through the API, with the users that tests name."""
    its = enter(served, folder / "lavka.db")
    yield its
    its.api.close()


@pytest.fixture(scope="session")
def things(world: World) -> dict[str, str]:
    """The ids for the URLs of pages, by name."""
    return furnish(world)


@pytest.fixture(scope="session")
def empty_shop(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedShop]:
    """A shop without data."""
    assert chromium
    its = tmp_path_factory.mktemp("empty")
    with serving(sqlite_settings(its), its, is_new=True, variables=VARIABLES) as shop:
        yield shop


@pytest.fixture(scope="session")
def engine(chromium: str) -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def logged_in(engine: Browser) -> Callable[[str, str], Any]:
    """A function that returns the cookies of a user in a shop after one log-in."""

    @cache
    def cookies_of(url: str, name: str) -> Any:
        context = engine.new_context(base_url=url)
        log_in(context.new_page(), name)
        state = context.storage_state()
        context.close()
        return state

    return cookies_of


@pytest.fixture(scope="session")
def opens(
    engine: Browser, served: ServedShop, logged_in: Callable[[str, str], Any]
) -> Iterator[Callable[..., tuple[Page, Watch]]]:
    """A function that opens an empty page for a user, with a watch for faults."""
    contexts = []

    def opened(
        name: str | None = None, *, scripts: bool = True, shop: ServedShop = served
    ) -> tuple[Page, Watch]:
        context = engine.new_context(
            base_url=shop.url,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            viewport={"width": 1280, "height": 900},
            storage_state=None if name is None else logged_in(shop.url, name),
        )
        context.set_default_timeout(_PATIENCE_MS)
        contexts.append(context)
        return context.new_page(), Watch(context, shop.url)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def visit(opens: Callable[..., tuple[Page, Watch]]) -> Iterator[Visit]:
    """A function that opens an empty page for a guest, or for a user by name.

    A test fails if one of its pages has a fault that no page of the shop may have.
    """
    opened = []

    def visits(name: str | None = None, *, scripts: bool = True) -> Page:
        opened.append(opens(name, scripts=scripts))
        return opened[-1][0]

    yield visits
    for page, _ in opened:
        page.context.close()
    _assert_clean(watch for _, watch in opened)


@pytest.fixture(scope="session")
def kept(opens: Callable[..., tuple[Page, Watch]]) -> Callable[..., tuple[Page, Watch]]:
    """A function that returns one page for each user: a new page for each test is too slow."""
    return cache(opens)


@pytest.fixture
def look(kept: Callable[..., tuple[Page, Watch]]) -> Iterator[Visit]:
    """A function that returns a shared, watched page, for a test that changes nothing."""
    watches = []

    def looks(name: str | None = None, **where: Any) -> Page:
        page, watch = kept(name, **where)
        watches.append(watch)
        return page

    yield looks
    _assert_clean(watches)


def _assert_clean(watches: Iterable[Watch]) -> None:
    faults = [fault for watch in watches for fault in watch.taken()]
    assert not faults, "\n".join(faults)
