"""The host names of the shop, and the proxies whose forwarded addresses it trusts."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from app.controllers.catalogue import CONTROLLERS as CATALOGUE
from app.models import AuditEvent
from app.wiring.resources import Shop
from main import create_app
from tests.conftest import running, sqlite_settings
from tests.support.accounts import at
from tests.support.refusals import problem_of
from tests.test_web.middleware.edge import shop_with

HOSTS = "shop.example.com, Other.Example, *.wild.example, [::1], 192.0.2.9"
GOOD_HOSTS = (
    "shop.example.com",
    "shop.example.com:8000",
    "SHOP.example.COM",
    "shop.example.com.",
    "shop.example.com.:443",
    "other.example",
    "a.wild.example",
    "a.b.wild.example:8000",
    "[::1]",
    "[::1]:8000",
    "192.0.2.9:80",
)
BAD_HOSTS = (
    "",
    "evil.example",
    "shop.example.com.evil.example",
    "evil-shop.example.com",
    "a.shop.example.com",
    "wild.example",
    ".wild.example",
    "evilwild.example",
    "shop.example.com@evil.example",
    "evil.example#shop.example.com",
    "evil.example/shop.example.com",
    "shop.example.com, evil.example",
    "shop.example.com:8000:8000",
    "[::2]",
    "::1",
    "192.0.2.90",
    "localhost",
)


async def test_the_shop_accepts_only_its_own_host_names(tmp_path: Path) -> None:
    async with shop_with(tmp_path, allowed_hosts=HOSTS) as (_, client):
        for host in GOOD_HOSTS:
            for path in ("/api/v1/products", "/docs"):
                assert (await client.get(path, headers={"Host": host})).status_code == 200, host
        for host in BAD_HOSTS:
            for path in ("/api/v1/products", "/api/v1/nothing", "/docs", "/docs/assets/docs.js"):
                response = await client.get(path, headers={"Host": host})
                assert response.status_code == 400, host
                problem = problem_of(response)
                assert problem["errors"] == [
                    {"header": "Host", "detail": "is not one of ALLOWED_HOSTS"}
                ]
                # The response contains no part of the request.
                assert host == "" or host not in problem["detail"]
        # A client of the health checks may know the IP address only.
        for host in ("", "evil.example", "localhost", "192.0.2.90:8000", "[::2]:8000"):
            for path in ("/health/live", "/health/ready"):
                assert (await client.get(path, headers={"Host": host})).status_code == 200


async def test_a_forwarded_host_is_ignored(tmp_path: Path) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "shop.example.com"}
    async with shop_with(tmp_path, allowed_hosts=HOSTS, trusted_proxies="0.0.0.0/0") as (_, client):
        assert (await client.get("/api/v1/products", headers=headers)).status_code == 400


PROXIES = "10.0.0.0/8, 2001:db8::/32, 198.51.100.7"
# The peer of a request, its X-Forwarded-For, and the resulting client address.
HOPS: dict[str, tuple[str, list[str], str]] = {
    "nobody's word": ("203.0.113.5", [], "203.0.113.5"),
    "a stranger's word": ("203.0.113.5", ["192.0.2.66"], "203.0.113.5"),
    "a stranger's word of a proxy": ("203.0.113.5", ["192.0.2.66, 10.0.0.1"], "203.0.113.5"),
    "a proxy without a word": ("10.0.0.1", [], "10.0.0.1"),
    "one proxy": ("10.0.0.1", ["192.0.2.66"], "192.0.2.66"),
    "one proxy by its own address": ("198.51.100.7", ["192.0.2.66"], "192.0.2.66"),
    "its neighbour": ("198.51.100.8", ["192.0.2.66"], "198.51.100.8"),
    "three proxies": ("10.0.0.1", ["192.0.2.66, 10.0.0.3, 10.0.0.2"], "192.0.2.66"),
    "a spoofed left part": ("10.0.0.1", ["127.0.0.1, 192.0.2.66"], "192.0.2.66"),
    "a spoofed proxy": ("10.0.0.1", ["127.0.0.1, 10.9.9.9, 192.0.2.66, 10.0.0.2"], "192.0.2.66"),
    "proxies only": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "two headers": ("10.0.0.1", ["127.0.0.1", "192.0.2.66"], "192.0.2.66"),
    "two headers of one proxy each": (
        "10.0.0.1",
        ["127.0.0.1, 192.0.2.66", "10.0.0.2"],
        "192.0.2.66",
    ),
    "a proxy on a socket for IPv4 and IPv6": ("::ffff:10.0.0.1", ["192.0.2.66"], "192.0.2.66"),
    "IPv6": ("2001:db8::1", ["2001:4860::8"], "2001:4860::8"),
    "garbage on the left": ("10.0.0.1", ["<script>, 192.0.2.66"], "192.0.2.66"),
    "garbage": ("10.0.0.1", ["unknown"], "10.0.0.1"),
    "garbage before a proxy": ("10.0.0.1", ["192.0.2.66, unknown, 10.0.0.2"], "10.0.0.2"),
    "long garbage": ("10.0.0.1", ["x" * 4_000], "10.0.0.1"),
    "commas": ("10.0.0.1", [", ,, 192.0.2.66 ,"], "192.0.2.66"),
}


async def test_a_forwarded_address_is_used_only_from_a_trusted_proxy(tmp_path: Path) -> None:
    app = create_app(Shop(sqlite_settings(tmp_path, trusted_proxies=PROXIES)))
    query = select(AuditEvent.id, AuditEvent.address).where(AuditEvent.event == "login.failed")
    found: dict[UUID, str | None] = {}
    async with running(app):
        for peer, forwarded, _ in HOPS.values():
            headers = [("X-Forwarded-For", each) for each in forwarded]
            form = {"username": "nobody@example.com", "password": "not a password"}
            async with at(app, peer) as client:
                refused = await client.post("/auth/token", data=form, headers=headers)
            assert refused.status_code == 401
            async with app.state.shop.database.read() as session:
                # New events are the last ones.
                found |= {each.id: each.address for each in await session.execute(query)}
    assert dict(zip(HOPS, found.values(), strict=True)) == {
        name: expected for name, (_, _, expected) in HOPS.items()
    }


async def test_without_trusted_proxies_no_forwarded_address_is_used(tmp_path: Path) -> None:
    async with shop_with(tmp_path, controllers=CATALOGUE, rate_limit_per_minute=2) as (_, client):
        answers = [
            await client.get("/api/v1/products", headers={"X-Forwarded-For": f"192.0.2.{number}"})
            for number in range(3)
        ]
    assert [each.status_code for each in answers] == [200, 200, 429]
