"""Opens carts through the API, as guests and as users."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.accounts import Person

DE = {"street": "Unter den Linden 1", "city": "Berlin", "postal_code": "10117", "country": "DE"}


@dataclass(frozen=True)
class Customer:
    """A guest with the token of a cart, or a user, and the cart."""

    client: httpx.AsyncClient
    cart_id: str
    headers: dict[str, str]

    async def send(self, method: str, path: str = "", **request: Any) -> httpx.Response:
        """Send a request about the cart."""
        return await self.client.request(
            method, f"/carts/{self.cart_id}{path}", headers=self.headers, **request
        )

    async def add(self, product: dict[str, Any], quantity: int = 1) -> dict[str, Any]:
        """Add units of a product."""
        line = {"product_id": product["id"], "quantity": quantity}
        return shown(await self.send("POST", "/lines", json=line))

    async def put(self, variant_id: str, quantity: int) -> dict[str, Any]:
        """Set the units of a line."""
        return shown(await self.send("PUT", f"/lines/{variant_id}", json={"quantity": quantity}))

    async def change(self, **fields: Any) -> dict[str, Any]:
        """Change fields of the cart."""
        return shown(await self.send("PATCH", json=fields))

    async def enter(self, code: str) -> dict[str, Any]:
        """Add a code."""
        return shown(await self.send("POST", "/codes", json={"code": code}))

    async def read(self) -> dict[str, Any]:
        """Return the cart."""
        return shown(await self.send("GET"))

    async def notices(self) -> list[str]:
        """Return the codes of the notices."""
        return [each["code"] for each in (await self.read())["notices"]]


def shown(response: httpx.Response) -> dict[str, Any]:
    """Return the cart of a response."""
    assert response.status_code == 200, response.text
    cart: dict[str, Any] = response.json()
    return cart


async def guest(client: httpx.AsyncClient, **fields: Any) -> Customer:
    """Open a cart of a guest."""
    response = await client.post("/carts", json=fields)
    assert response.status_code == 201, response.text
    return Customer(client, response.json()["id"], {"Cart-Token": response.headers["Cart-Token"]})


async def user(
    client: httpx.AsyncClient, person: Person, status: int = 201, **fields: Any
) -> Customer:
    """Open the cart of a user: a new one, or, with the status 200, the existing one."""
    response = await client.post("/carts", json=fields, headers=person.headers)
    assert "Cart-Token" not in response.headers
    assert response.status_code == status, response.text
    return Customer(client, response.json()["id"], person.headers)


def quantities(cart: dict[str, Any]) -> dict[str, int]:
    """Return the units of each product or variant of a cart, in the order of its lines."""
    return {line.get("variant_id", line["product_id"]): line["quantity"] for line in cart["lines"]}
