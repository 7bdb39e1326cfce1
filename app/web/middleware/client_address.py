"""The network address of a client, and the network under which limits count it."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from litestar.datastructures import Headers
from litestar.types import Scope

from app.web.request_state import state_of

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# A translator (RFC 6052) or a socket for both versions writes an IPv4 address in one of these.
_IPV4_INSIDE = (ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96"))
_IPV4_BITS = 32
# To parse an address takes longer than the other work of the edge for a request.
_REMEMBERED = 1_024
_PORT = r"(?::(?:\d{1,5}|_[\w.-]+))?"
# RFC 7239, section 6: an address of IPv6 has brackets if it has a port.
_HOP = re.compile(
    rf"\[(?P<six>[^\]]+)\]{_PORT}|(?P<four>[\d.]+){_PORT}|(?P<bare>[^\[\]]+)", re.ASCII
)


class ClientAddresses:
    """Finds the address of the client behind trusted proxies."""

    def __init__(self, proxies: Iterable[Network]) -> None:
        self._proxies = tuple(_unmapped_network(each) for each in proxies)

    def of(self, scope: Scope) -> str:
        """Return the address of the last hop that is not a trusted proxy."""
        client = scope.get("client")
        if client is None or (peer := _peer(client[0])) is None:
            return "unknown"
        address, written = peer
        if not self._proxies:
            return written
        for hop in reversed(_forwarded(Headers.from_scope(scope))):
            if not self._is_proxy(address):
                break
            if (before := parsed_address(hop)) is None:
                break
            address = before
        return str(address)

    def _is_proxy(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


@lru_cache(_REMEMBERED)
def _peer(host: str) -> tuple[Address, str] | None:
    """Return the address of a client as the server knows it, parsed and as text."""
    address = parsed_address(host)
    return None if address is None else (address, str(address))


def _forwarded(headers: Headers) -> Sequence[str]:
    # Some proxies add a second header and leave the first one unchanged.
    lines = ",".join(headers.getall("x-forwarded-for", []))
    return [hop.strip() for hop in lines.split(",") if hop.strip()]


def parsed_address(hop: str) -> Address | None:
    """Return the address in a hop, without port, quotes, brackets and zone; None if it has none.

    An IPv4 address inside an IPv6 address is returned as IPv4.
    """
    if len(hop) >= 2 and hop[0] == hop[-1] == '"':
        hop = hop[1:-1]
    if (match := _HOP.fullmatch(hop)) is None:
        return None
    text = match["six"] or match["four"] or match["bare"]
    try:
        return _unmapped(ip_address(text.partition("%")[0]))
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    if any(address in network for network in _IPV4_INSIDE):
        return IPv4Address(int(address) % 2**_IPV4_BITS)
    return address


def _unmapped_network(network: Network) -> Network:
    for outer in _IPV4_INSIDE:
        if network.version == outer.version and network.subnet_of(outer):  # type: ignore[arg-type]
            prefix = network.prefixlen - outer.prefixlen
            return IPv4Network((int(network.network_address) % 2**_IPV4_BITS, prefix))
    return network


def network_of(scope: Scope) -> str:
    """Return the network that limits count: the holder of one IPv6 address has all of its /64."""
    address = state_of(scope).address
    if ":" not in address:
        return address
    return _network_of_six(address)


@lru_cache(_REMEMBERED)
def _network_of_six(address: str) -> str:
    return str(ip_network(f"{address}/64", strict=False))
