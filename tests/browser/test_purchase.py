"""A guest buys, and the staff packs and ships."""

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.people import ADMIN, buy


def test_a_guest_buys_through_the_test_bank_and_the_staff_packs_and_ships(visit: Visit) -> None:
    stranger, staff = visit(), visit(ADMIN)
    number = buy(stranger)
    staff.goto("/console/pack")
    staff.get_by_role("link", name=f"#{number}").click()
    staff.get_by_label("Tracking number").fill("JJD000390007812345")
    staff.get_by_role("button", name="Pack and ship, then the next").click()
    expect(staff.get_by_role("link", name=f"#{number}")).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_text("Shipped", exact=True).first).to_be_visible()
    expect(stranger.get_by_text("JJD000390007812345")).to_be_visible()
