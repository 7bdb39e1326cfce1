"""Data of the browser tests in addition to the demo data of the shop."""

import sqlite3
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.browser.people import ADMIN, MILK, PASSWORD
from tests.support.factories import address
from tests.support.processes import WAIT_SECONDS, ServedShop

STAFF, NEWCOMER, REGULAR = "staff@example.com", "new@example.com", "regular@example.com"
"""The users: a member of staff, a customer without orders, and a customer with orders."""
_ROADS = {
    "pending": (),
    "paid": ("paid",),
    "shipped": ("paid", "shipped"),
    "delivered": ("paid", "shipped", "delivered"),
    "cancelled": ("cancelled",),
}
_SIZES, _COLOURS = ("S", "M", "L"), ("Red", "Blue")


@dataclass
class World:
    """The shop as an administrator uses it through the API."""

    api: httpx.Client
    database: Path
    users: dict[str, str] = field(default_factory=dict)
    """Ids by e-mail address."""

    def send(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request that succeeds, and return the response."""
        response = self.api.request(method, path, **request)
        assert response.is_success, f"{method} {path}: {response.text}"
        answered: dict[str, Any] = response.json() if response.content else {}
        return answered

    def new_user(self, email: str, role: str = "customer") -> None:
        """Register a user."""
        its = {"email": email, "username": email.partition("@")[0], "password": PASSWORD}
        user = self.send("POST", "/users", json=its | {"first_name": "Ada", "last_name": "Byron"})
        if role != "customer":
            self.send("PATCH", f"/users/{user['id']}/access", json={"role": role})
        self.users[email] = user["id"]

    def order(self, status: str, email: str = REGULAR, units: int = 1) -> dict[str, Any]:
        """Place an order of a user, and change it to a status."""
        data = {
            "user_id": self.users[email],
            "items": [{"product_id": MILK, "quantity": units}],
            "delivery_address": address(recipient="Ada Byron"),
        }
        order = self.send("POST", "/orders", json=data)
        for step in _ROADS[status]:
            order = self.send("PATCH", f"/orders/{order['id']}", json={"status": step})
        return order

    def paid_at_bank(self, units: int, *, is_captured: bool = True) -> dict[str, Any]:
        """Place an order of a user, who pays it at the bank for tests, with or without capture."""
        order = self.order("pending", units=units)
        path = f"/orders/{order['id']}"
        payment = self.send("POST", f"{path}/payments", json={"provider": "test"})
        bank = self.api.base_url.join(f"/test-bank/{payment['reference']}")
        assert self.api.post(bank, data={"decision": "approve"}).is_success
        deadline = time.monotonic() + WAIT_SECONDS
        while (order := self.send("GET", path))["status"] != "paid":
            assert time.monotonic() < deadline, "the shop does not learn of the payment"
            time.sleep(0.1)
        if is_captured:
            self.send("POST", f"/payments/{payment['id']}/capture", json={})
        return order

    def new_shirt(self) -> dict[str, Any]:
        """Add a product in six variants."""
        variants = [
            {"sku": f"SHIRT-{uuid4().hex[:6]}", "option_values": {"Size": size, "Colour": colour}}
            for size in _SIZES
            for colour in _COLOURS
        ]
        first = variants.pop(0)
        its = {"name": "Shirt", "category": "Clothes", "price": "19.90", "stock_quantity": 40}
        return self.send("POST", "/products", json=its | first | {"variants": variants})

    def returned_order(self) -> str:
        """Request the return of a delivered order as a user; return the id of the order."""
        order = self.order("delivered", units=2)
        lines = [{"variant_id": MILK, "quantity": 1}]
        data = {"lines": lines, "reason": "damaged", "customer_note": "The lid is broken."}
        self.send("POST", f"/orders/{order['id']}/returns", json=data)
        its: str = order["id"]
        return its

    def guest_order(self) -> str:
        """Order as a guest, and return the address of the order's page."""
        with httpx.Client(base_url=self.api.base_url) as guest:
            opened = guest.post("/carts", json={"email": "guest@example.com"})
            cart, token = opened.json()["id"], opened.headers["Cart-Token"]
            guest.headers["Cart-Token"] = token
            shown = _filled(guest, cart)
            data = {"payment": "manual", "expected_total": shown["total"], "terms_accepted": True}
            placed = guest.post(f"/carts/{cart}/checkout", json=data)
        assert placed.status_code == 201, placed.text
        return f"/orders/{cart}?t={token}"

    def fill_cart(self, email: str, *, is_addressed: bool) -> None:
        """Add products to the cart of a user."""
        with httpx.Client(base_url=self.api.base_url) as user:
            pair = user.post("/auth/token", data={"username": email, "password": PASSWORD}).json()
            user.headers["Authorization"] = f"Bearer {pair['access_token']}"
            cart = user.post("/carts", json={}).json()["id"]
            _filled(user, cart, is_addressed=is_addressed)

    def new_address(self, email: str) -> str:
        """Add an address of a user, and return its id."""
        path = f"/users/{self.users[email]}/addresses"
        its: str = self.send("POST", path, json=address(recipient="Ada Byron"))["id"]
        return its

    def day_with_report(self) -> str:
        """Wait for a report, and return its day; the shop makes reports one after another."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := self.send("GET", "/reports")["items"]):
            assert time.monotonic() < deadline, "the shop makes no reports"
            time.sleep(0.2)
        day: str = found[0]["day"]
        return day

    def park_letter(self) -> str:
        """Add a dead letter, and return its id."""
        letter = uuid4().hex
        row = (letter, "order", letter, b'{"items": []}', b"0" * 32, "validation", "items: too few")
        columns = "id, queue, message_id, body, body_digest, code, reason, attempts, created_at"
        with sqlite3.connect(self.database, timeout=30) as database:
            database.execute(
                f"INSERT INTO dead_letters ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, 4, ?)",
                (*row, datetime.now(UTC).replace(tzinfo=None).isoformat(" ")),
            )
        return letter


def enter(shop: ServedShop, database: Path) -> World:
    """Log in as the administrator, and add people."""
    api = httpx.Client(base_url=f"{shop.url}/api/v1", timeout=30)
    world = World(api, database)
    log_in = {"username": ADMIN, "password": PASSWORD}
    token = world.send("POST", "/auth/token", data=log_in)["access_token"]
    api.headers["Authorization"] = f"Bearer {token}"
    supply = {"quantity": 500, "reason": "supply", "note": "for the tests"}
    world.send("POST", f"/products/{MILK}/stock", json=supply)
    world.new_user(STAFF, "staff")
    world.new_user(NEWCOMER)
    world.new_user(REGULAR)
    return world


def _filled(client: httpx.Client, cart: str, *, is_addressed: bool = True) -> dict[str, Any]:
    """Put units into a cart and choose where they go; return the cart."""
    line = {"product_id": MILK, "quantity": 2}
    shown: dict[str, Any] = client.post(f"/carts/{cart}/lines", json=line).json()
    if is_addressed:
        to = address(recipient="Ada Byron")
        client.patch(f"/carts/{cart}", json={"delivery_address": to})
        method = client.get(f"/carts/{cart}/shipping-methods").json()["items"][0]["id"]
        shown = client.patch(f"/carts/{cart}", json={"shipping_method_id": method}).json()
    return shown
