"""Actions of users in the shop with a mouse."""

import re
import time
from collections.abc import Mapping

from playwright.sync_api import Page, expect

from tests.support.processes import WAIT_SECONDS

PASSWORD = "correct horse battery staple"
ADMIN = "admin@example.com"
MILK = "0199a1b2-7c00-7d00-8e00-0123456789ab"
"""The product of the examples."""
ADA: Mapping[str, str] = {
    "email": "ada@example.com",
    "delivery_address.recipient": "Ada Lovelace",
    "delivery_address.street": "Unter den Linden 1",
    "delivery_address.city": "Berlin",
    "delivery_address.postal_code": "10117",
}


def log_in(page: Page, name: str) -> None:
    """Log in."""
    page.goto("/log-in")
    page.get_by_label("E-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Log in")).to_have_count(0)


def fill_cart(page: Page, product_id: str = MILK, units: int = 1) -> None:
    """Put a product into the cart."""
    page.goto(f"/p/{product_id}")
    page.get_by_label("Quantity").fill(str(units))
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", name="Cart")).to_be_visible()


def give_address(page: Page) -> None:
    """Enter the delivery address at the checkout."""
    page.goto("/checkout")
    page.get_by_label("Country").select_option("DE")
    page.get_by_role("button", name="Go on").click()
    for name, value in ADA.items():
        page.locator(f"[id='{name}']").fill(value)
    page.get_by_role("button", name="Continue to the payment").click()
    expect(page.get_by_label("I accept the terms of the shop.")).to_be_visible()


def place_order(page: Page, payment: str = "Test bank") -> None:
    """Place the order at the checkout."""
    page.get_by_role("radio", name=payment).check()
    page.get_by_label("I accept the terms of the shop.").check()
    page.get_by_role("button", name=re.compile("^Place the order")).click()


def approve(page: Page) -> str:
    """Approve a payment at the bank, and return the number of the paid order."""
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("link", name="Back to the shop").click()
    heading = page.get_by_role("heading", name=re.compile(r"^Order \d+$"))
    number = heading.inner_text().removeprefix("Order ")
    wait_for(page, "Paid")
    return number


def wait_for(page: Page, words: str) -> None:
    """Reload a page until it has these words: the bank notifies the shop asynchronously."""
    deadline = time.monotonic() + WAIT_SECONDS
    while page.get_by_text(words, exact=True).count() == 0:
        assert time.monotonic() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(100)
        page.reload()


def buy(page: Page) -> str:
    """Buy the product of the examples at the bank for tests; return the number of the order."""
    fill_cart(page)
    give_address(page)
    place_order(page)
    return approve(page)
