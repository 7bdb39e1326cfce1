"""Takes pictures of the pages of a demo shop: the two of the README, or every page in all sizes.

It needs the group `browser`, and Debian's chromium.
"""

import argparse
import re
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, VARIABLES, installed_browser
from tests.browser.people import ADMIN, MILK, log_in
from tests.browser.places import PLACES, PROBLEMS, furnish
from tests.browser.world import World, enter
from tests.conftest import sqlite_settings
from tests.support.processes import serving

_IMAGES = Path(__file__).resolve().parent.parent.parent / "docs" / "images"
_OF_README = {
    "storefront.png": (None, f"/p/{MILK}"),
    "console.png": (ADMIN, "/console"),
}
_WIDTHS = (360, 768, 1280)
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_HEIGHT = 720
_MOST_SECONDS = 600


class Camera:
    """Takes pictures of pages as users see them; each user logs in once."""

    def __init__(self, browser: Browser, url: str, things: dict[str, str]) -> None:
        self._browser, self._url, self._things = browser, url, things
        self._pages: dict[str | None, Page] = {}

    def show(self, who: str | None, address: str) -> Page:
        """Show a page."""
        if who not in self._pages:
            self._pages[who] = self._browser.new_context(base_url=self._url).new_page()
            if who is not None:
                log_in(self._pages[who], who)
        page = self._pages[who]
        page.set_viewport_size({"width": _WIDTHS[-1], "height": _HEIGHT})
        page.goto(address.format(**self._things))
        return page


def _wait_for_reports(world: World) -> None:
    """Wait until yesterday has a report: the shop makes the reports of the demo oldest first."""
    yesterday = f"{datetime.now(UTC).date() - timedelta(days=1)}"
    deadline = time.monotonic() + _MOST_SECONDS
    while not world.send("GET", "/reports", params={"from": yesterday, "to": yesterday})["items"]:
        assert time.monotonic() < deadline, "the shop makes no reports"
        time.sleep(1)


def _take_those_of_readme(camera: Camera) -> None:
    for name, (who, address) in _OF_README.items():
        page = camera.show(who, address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=_IMAGES / name)


def _take_all(camera: Camera, folder: Path) -> None:
    for place in (*PLACES, *PROBLEMS):
        page = camera.show(place.who, place.address)
        name = re.sub(r"\W+", "-", str(place)).strip("-") or "home"
        for width in _WIDTHS:
            page.set_viewport_size({"width": width, "height": _HEIGHT})
            for scheme in _SCHEMES:
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)


def main() -> None:
    """Start a shop, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, into this folder")
    folder: Path | None = parser.parse_args().all
    with ExitStack() as stack:
        data = Path(stack.enter_context(TemporaryDirectory()))
        settings = sqlite_settings(data)
        shop = stack.enter_context(
            serving(settings, data, "--demo", is_new=True, variables=VARIABLES)
        )
        world = enter(shop, data / "lavka.db")
        stack.callback(world.api.close)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=installed_browser(), args=FLAGS)
        stack.callback(browser.close)
        camera = Camera(browser, shop.url, furnish(world))
        _wait_for_reports(world)
        if folder is None:
            _take_those_of_readme(camera)
        else:
            _take_all(camera, folder)


if __name__ == "__main__":
    main()
