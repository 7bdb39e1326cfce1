"""Each page fits a phone, a tablet and a large screen, in the light and the dark colour scheme."""

from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Visit
from tests.browser.places import EMPTY_SHOP, PLACES, PROBLEMS, Place
from tests.support.processes import ServedShop

WIDTHS = (360, 768, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Elements that are outside of the screen, cut off, or too small for a finger.
_FAULTS = """() => {
  const width = document.documentElement.clientWidth, faults = [];
  const name = (it) => it.outerHTML.slice(0, 120);
  if (document.documentElement.scrollWidth > width) {
    faults.push(`the page is ${document.documentElement.scrollWidth} wide`);
  }
  const targets = "a[href], button, input, select, textarea, summary";
  for (const it of document.body.querySelectorAll("*")) {
    if (it.closest(".hidden, .skip, svg, option, noscript") || !it.checkVisibility()) continue;
    const box = it.getBoundingClientRect(), style = getComputedStyle(it);
    if (!box.width || box.right < 2) continue;
    if (box.right > width + 1 || box.left < -1) faults.push(`beyond the edge: ${name(it)}`);
    const isCut = (it.scrollWidth > it.clientWidth + 1 && style.overflowX !== "visible")
      || (it.scrollHeight > it.clientHeight + 1 && style.overflowY === "hidden");
    if (isCut && it.clientWidth > 1 && !it.matches("input, select, textarea")) {
      faults.push(`cut off: ${name(it)}`);
    }
    if (!it.matches(targets) || it.type === "hidden") continue;
    // A link in a sentence is as high as its line.
    const words = it.parentElement.textContent.trim().length;
    const isInSentence = style.display === "inline" && words > it.textContent.trim().length;
    if (!isInSentence && (box.height < 23.5 || box.width < 23.5)) {
      faults.push(`${Math.round(box.width)} × ${Math.round(box.height)}: ${name(it)}`);
    }
  }
  return faults;
}"""


def _assert_fits(page: Page) -> None:
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} {scheme} {fault}" for fault in page.evaluate(_FAULTS)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("place", [*PLACES, *PROBLEMS], ids=str)
def test_a_page_fits_every_screen(look: Visit, things: dict[str, str], place: Place) -> None:
    page = look(place.who)
    page.goto(place.address.format(**things))
    _assert_fits(page)


@pytest.mark.parametrize("place", EMPTY_SHOP, ids=str)
def test_a_page_of_an_empty_shop_fits_every_screen(
    look: Visit, empty_shop: ServedShop, place: Place
) -> None:
    page = look(place.who, shop=empty_shop)
    page.goto(place.address)
    _assert_fits(page)
