"""No state of a page has a serious accessibility fault, in the light and the dark colour scheme."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Page, expect

from app.pages import page_controllers, page_router
from app.web.route_options import has_options, options_of
from tests.browser.conftest import Visit
from tests.browser.places import (
    EMPTY_SHOP,
    PARTS_OF_PAGES,
    PLACES,
    PROBLEMS,
    REFUSED,
    Place,
    Refused,
)
from tests.conftest import sqlite_settings
from tests.support.processes import ServedShop

_AXE = Path(AXE_FILE_PATH).read_text("utf-8")
_SEVERE = ("serious", "critical")
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The dark colour scheme changes only the colours.
_LIGHT = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": _TAGS}}
_DARK = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}


def barriers(page: Page) -> list[str]:
    """Return the serious and critical accessibility faults of a page, with their places."""
    page.evaluate(_AXE)
    found: list[str] = []
    for scheme, options in ("light", _LIGHT), ("dark", _DARK):
        # mypy forgets that only two words are in the loop.
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        result: Any = page.evaluate("(options) => axe.run(document, options)", options)
        for rule in result["violations"]:
            if rule["impact"] in _SEVERE:
                found += [f"{scheme} {rule['id']}: {each['html']}" for each in rule["nodes"]]
    return found


def test_every_page_is_tested(tmp_path: Path) -> None:
    routes = page_router(page_controllers(sqlite_settings(tmp_path))).routes
    pages = {
        route.path_format
        for route in routes
        for handler in getattr(route, "route_handlers", ())
        if has_options(handler) and "text/html" in options_of(handler).formats
    }
    assert pages - PARTS_OF_PAGES == {place.route for place in PLACES}


@pytest.mark.parametrize("place", [*PLACES, *PROBLEMS], ids=str)
def test_a_page_has_no_accessibility_fault(
    look: Visit, things: dict[str, str], place: Place
) -> None:
    page = look(place.who)
    response = page.goto(place.address.format(**things))
    assert response is not None and response.status == place.status
    assert page.locator("h1").count() == 1
    assert not barriers(page)


@pytest.mark.parametrize("place", EMPTY_SHOP, ids=str)
def test_a_page_of_an_empty_shop_has_no_accessibility_fault(
    look: Visit, empty_shop: ServedShop, place: Place
) -> None:
    page = look(place.who, shop=empty_shop)
    page.goto(place.address)
    assert not barriers(page)


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_a_refused_form_has_no_accessibility_fault_and_shows_the_reason_first(
    look: Visit, things: dict[str, str], refused: Refused
) -> None:
    page = look(refused.who)
    page.goto(refused.address.format(**things))
    # The shop must also refuse values that a browser would refuse by itself.
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    for name, value in refused.typed.items():
        page.locator(f"main [name='{name}']").first.fill(value)
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        page.get_by_role("main").get_by_role("button", name=refused.button).first.click()
    assert sent.value.status == refused.status
    expect(page.locator("#refusal")).to_be_focused()
    assert not barriers(page)
