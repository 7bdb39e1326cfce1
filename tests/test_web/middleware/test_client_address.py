"""A client is counted by its address, in every notation of a proxy or a socket."""

from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.controllers.catalogue import CONTROLLERS as CATALOGUE
from app.controllers.identity import CONTROLLERS as IDENTITY
from app.models import AuditEvent
from tests.test_web.middleware.edge import shop_with

FORM = {"username": "nobody@example.com", "password": "not a password"}
# The notation of a hop, and its address; None if it has none.
FORMS = {
    "192.0.2.66": "192.0.2.66",
    "192.0.2.66:51001": "192.0.2.66",
    '"192.0.2.66:51001"': "192.0.2.66",
    "192.0.2.66:_hidden": "192.0.2.66",
    "2001:4860::8": "2001:4860::8",
    "2001:4860:0:0:0:0:0:8": "2001:4860::8",
    "2001:4860::8:5001": "2001:4860::8:5001",
    "[2001:4860::8]": "2001:4860::8",
    "[2001:4860::8]:51001": "2001:4860::8",
    '"[2001:4860::8]:51001"': "2001:4860::8",
    '"[2001:4860::8]"': "2001:4860::8",
    "fe80::1%eth0": "fe80::1",
    "[fe80::1%eth0]:51001": "fe80::1",
    "[fe80::1%25eth0]": "fe80::1",
    "::ffff:192.0.2.66": "192.0.2.66",
    "[::ffff:192.0.2.66]:51001": "192.0.2.66",
    "::ffff:c000:242": "192.0.2.66",
    "64:ff9b::192.0.2.66": "192.0.2.66",
    "[64:ff9b::c000:242]:51001": "192.0.2.66",
    "unknown": None,
    "unknown:51001": None,
    "_hidden": None,
    '"_hidden:_port"': None,
    "192.0.2.66:": None,
    "192.0.2.66:http": None,
    "192.0.2.66:123456": None,
    "192.0.2": None,
    "192.0.2.066": None,
    "[192.0.2.66": None,
    "[]:51001": None,
    '"': None,
    '"192.0.2.66': None,
    "x" * 4_000: None,
}
PROXY = "10.0.0.1"


async def recorded(folder: Path, peer: str, proxies: str, *hops: str) -> list[str | None]:
    """Return the addresses in the audit trail of requests from a peer, each with a hop."""
    query = select(AuditEvent.id, AuditEvent.address).where(AuditEvent.event == "login.failed")
    found: dict[UUID, str | None] = {}
    async with shop_with(folder, (peer, 4242), IDENTITY, trusted_proxies=proxies) as (shop, client):
        for hop in hops:
            headers = {"X-Forwarded-For": hop}
            refused = await client.post("/api/v1/auth/token", data=FORM, headers=headers)
            assert refused.status_code == 401
            async with shop.database.read() as session:
                # New events are the last ones.
                found |= {each.id: each.address for each in await session.execute(query)}
    return list(found.values())


async def test_every_notation_of_an_address_by_proxies_is_read(tmp_path: Path) -> None:
    found = await recorded(tmp_path, PROXY, "10.0.0.0/8", *FORMS)
    assert dict(zip(FORMS, found, strict=True)) == {
        form: address or PROXY for form, address in FORMS.items()
    }


@pytest.mark.parametrize(
    ("peer", "proxies"),
    [
        ("::ffff:10.0.0.1", "10.0.0.0/8"),
        ("10.0.0.1", "::ffff:10.0.0.0/104"),
        ("10.0.0.1", "::ffff:10.0.0.1"),
        ("::ffff:a00:1", "::ffff:10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("10.0.0.1", "64:ff9b::10.0.0.0/120"),
        ("fe80::1%eth0", "fe80::/10"),
    ],
)
async def test_a_trusted_proxy_is_recognized_in_every_notation_of_its_address(
    tmp_path: Path, peer: str, proxies: str
) -> None:
    assert await recorded(tmp_path, peer, proxies, "192.0.2.66:51001") == ["192.0.2.66"]


@pytest.mark.parametrize("peer", ["::ffff:11.0.0.1", "64:ff9b::b00:1", "::10.0.0.1"])
async def test_another_address_inside_ipv6_is_not_a_trusted_proxy(
    tmp_path: Path, peer: str
) -> None:
    assert await recorded(tmp_path, peer, "10.0.0.0/8", "192.0.2.66") != ["192.0.2.66"]


async def test_the_header_of_rfc_7239_is_ignored(tmp_path: Path) -> None:
    forwarded = {"Forwarded": "for=192.0.2.66"}
    async with shop_with(
        tmp_path, (PROXY, 4242), CATALOGUE, trusted_proxies="10.0.0.0/8", rate_limit_per_minute=1
    ) as (_, client):
        assert await answers(client, [forwarded, {"Forwarded": "for=192.0.2.67"}]) == [200, 429]


async def answers(client: httpx.AsyncClient, requests: list[dict[str, str]]) -> list[int]:
    """Return the statuses of requests that differ in their headers."""
    return [
        (await client.get("/api/v1/products", headers=headers)).status_code for headers in requests
    ]


# Peers of a socket for IPv4 and IPv6 or behind a translator, and the statuses at one a minute.
COUNTED = {
    "two callers of IPv4": (["::ffff:192.0.2.1", "::ffff:192.0.2.2"], [200, 200]),
    "one caller of IPv4": (["::ffff:192.0.2.1", "192.0.2.1"], [200, 429]),
    "two callers behind a translator": (["64:ff9b::c000:201", "64:ff9b::c000:202"], [200, 200]),
    "one caller behind a translator": (["64:ff9b::c000:201", "192.0.2.1"], [200, 429]),
    "two addresses of one network": (["2001:db8::1", "2001:db8::ffff:0:0:2"], [200, 429]),
    "two networks": (["2001:db8::1", "2001:db8:0:1::1"], [200, 200]),
}


@pytest.mark.parametrize("counted", COUNTED.values(), ids=COUNTED)
async def test_a_limit_counts_ipv4_by_address_and_ipv6_by_64_bits(
    tmp_path: Path, counted: tuple[list[str], list[int]]
) -> None:
    peers, expected = counted
    async with shop_with(tmp_path, None, CATALOGUE, rate_limit_per_minute=1) as (_, client):
        found = []
        for peer in peers:
            transport = client._transport  # pylint: disable=protected-access
            assert isinstance(transport, httpx.ASGITransport)
            transport.client = (peer, 4242)
            found += await answers(client, [{}])
    assert found == expected


async def test_six_clients_behind_a_gateway_that_adds_ports_are_counted_separately(
    tmp_path: Path,
) -> None:
    written = [f"198.51.101.{number}:5{number}001" for number in range(6)]
    written += [f"[2001:db8:{number}::1]:5{number}001" for number in range(6)]
    async with shop_with(
        tmp_path, (PROXY, 4242), CATALOGUE, trusted_proxies="10.0.0.0/8", rate_limit_per_minute=1
    ) as (_, client):
        found = await answers(client, [{"X-Forwarded-For": each} for each in written])
    assert found == [200] * 12
