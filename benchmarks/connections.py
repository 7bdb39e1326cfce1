"""Attacks its own shop with many connections, and measures the effect on other clients.

It opens connections that send a body slowly or nothing at all, and event streams of an operation
that never ends, from one network address and from many. Meanwhile it requests the health, logs in
and places an order. Then it stops the shop while streams and slow readers are open. It exits with 1
if a client waited too long, a request failed, memory did not return, or a stop took too long.
"""

import asyncio
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from benchmarks.support.attacker import Attack, attacking
from tests.conftest import postgres_settings, sqlite_settings
from tests.support.factories import create_product, create_user
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.processes import ServedShop, serving
from tests.support.servers import start_postgres
from tests.test_web.streams import unfinished_operation_in

PASSWORD = "a kettle for trying"
MOST_HEALTH_SECONDS = 0.1
MOST_REQUEST_SECONDS = 1.0
MOST_GROWTH_MIB = 16.0
MOST_STOP_SECONDS = 30.0
ATTACK_SECONDS = 8.0
RECOVERY_SECONDS = 3.0
SLOW_READERS = 20


ATTACKS = (
    Attack("no attack"),
    Attack("1,000 slow bodies, one address", bodies=1_000),
    Attack("1,000 slow bodies, 1,000 addresses", bodies=1_000, is_from_many=True),
    Attack("1,000 silent connections", silent=1_000),
    Attack("500 streams in turn, one address", streams=500, is_in_turn=True),
    Attack("500 streams in turn, 500 addresses", streams=500, is_from_many=True, is_in_turn=True),
    Attack("500 streams at once, 500 addresses", streams=500, is_from_many=True),
    Attack("all together", bodies=1_000, silent=1_000, streams=500, is_from_many=True),
)
AT_THE_END = Attack("the end", streams=500, readers=SLOW_READERS, is_from_many=True)


@dataclass
class Noticed:
    """The effect of an attack on other clients, and the memory of the shop."""

    name: str
    health_seconds: list[float] = field(default_factory=list)
    log_in_seconds: float = 0.0
    order_seconds: float = 0.0
    before_mib: float = 0.0
    during_mib: float = 0.0
    after_mib: float = 0.0
    faults: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Add the faults that the figures show."""
        if max(self.health_seconds) > MOST_HEALTH_SECONDS:
            self.faults.append("health too slow")
        if max(self.log_in_seconds, self.order_seconds) > MOST_REQUEST_SECONDS:
            self.faults.append("a request too slow")
        if self.after_mib - self.before_mib > MOST_GROWTH_MIB:
            self.faults.append("memory does not return")


def main() -> None:
    """Attack, print the tables, and exit with 1 after a fault."""
    sys.exit(asyncio.run(measure()))


async def measure() -> int:
    """Measure everything and return the exit code."""
    with TemporaryDirectory() as folder:
        settings = sqlite_settings(Path(folder) / "var", password_memory_kib=19_456)
        found = await attack_all(settings, Path(folder))
        ends = [await time_of_end("one process", settings, Path(folder), "1")]
    with TemporaryDirectory() as folder, start_postgres() as server:
        server.create_database("connections")
        settings = postgres_settings(server, "connections", data_dir=Path(folder) / "var")
        ends.append(await time_of_end("two workers", settings, Path(folder), "2"))
        server.drop_database("connections")
    is_good = show(found, ends)
    return 0 if is_good else 1


def show(found: list[Noticed], ends: list[tuple[str, float, float]]) -> bool:
    """Print the tables, and return whether everything is good."""
    table = Table("attack", "health, worst", "log-in", "order", "MiB before, during, after", "")
    for each in found:
        table.add_row(
            each.name,
            f"{max(each.health_seconds) * 1e3:.0f} ms",
            f"{each.log_in_seconds * 1e3:.0f} ms",
            f"{each.order_seconds * 1e3:.0f} ms",
            f"{each.before_mib:.0f}, {each.during_mib:.0f}, {each.after_mib:.0f}",
            ", ".join(each.faults) or "ok",
        )
    stops = Table("stop with 500 streams and slow readers", "streams ended", "process ended")
    for name, streams_seconds, process_seconds in ends:
        stops.add_row(name, f"{streams_seconds:.1f} s", f"{process_seconds:.1f} s")
    console = Console()
    console.print(table)
    console.print(stops)
    return not any(each.faults for each in found) and all(
        process_seconds <= MOST_STOP_SECONDS for _, _, process_seconds in ends
    )


async def attack_all(settings: Settings, folder: Path) -> list[Noticed]:
    """Attack one shop in every way, one after the other."""
    prepare_folder(folder)
    with serving(settings, folder) as shop:
        operation_id = await let_in(settings)
        async with httpx.AsyncClient(base_url=f"{shop.url}/api/v1", headers=AUTHORIZATION) as own:
            user, product = await create_user(own), await create_product(own, stock_quantity=1_000)
        order = {
            "user_id": user["id"],
            "items": [{"product_id": product["id"], "quantity": 1}],
        }
        # The first attack fills buffers and caches that stay.
        await notice(shop, ATTACKS[-1], operation_id, order)
        return [await notice(shop, each, operation_id, order) for each in ATTACKS]


def prepare_folder(folder: Path) -> None:
    """Trust the addresses that the clients of the attack send."""
    lines = ("TRUSTED_PROXIES=127.0.0.0/8", f"ADMIN_PASSWORD={PASSWORD}")
    (folder / ".env").write_text("\n".join(lines), "utf-8")


async def let_in(settings: Settings) -> str:
    """Give the benchmark access, and return an operation that never ends."""
    await let_machine_into(settings)
    return str(await unfinished_operation_in(settings))


async def notice(
    shop: ServedShop, attack: Attack, operation_id: str, order: dict[str, object]
) -> Noticed:
    """Measure the effect of an attack on other clients."""
    noticed = Noticed(attack.name, before_mib=memory_mib(shop.process.pid))
    with attacking(shop.port, attack, operation_id):
        ends_at = time.monotonic() + ATTACK_SECONDS
        requests = asyncio.create_task(use(shop, noticed, order))
        while time.monotonic() < ends_at:
            await ask_health(shop, noticed)
            await asyncio.sleep(0.02)
        noticed.during_mib = memory_mib(shop.process.pid)
        await requests
    await asyncio.sleep(RECOVERY_SECONDS)
    noticed.after_mib = memory_mib(shop.process.pid)
    noticed.judge()
    return noticed


async def ask_health(shop: ServedShop, noticed: Noticed) -> None:
    """Request the health over a new connection."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", shop.port)
    writer.write(b"GET /health/live HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
    status = await reader.readline()
    noticed.health_seconds.append(time.perf_counter() - began)
    if b" 200 " not in status:
        noticed.faults.append(f"health: {status!r}")
    writer.close()


async def use(shop: ServedShop, noticed: Noticed, order: dict[str, object]) -> None:
    """Log in and place an order in the middle of an attack."""
    await asyncio.sleep(ATTACK_SECONDS / 2)
    form = {"username": "admin@example.com", "password": PASSWORD}
    async with httpx.AsyncClient(base_url=f"{shop.url}/api/v1") as client:
        began = time.perf_counter()
        granted = await client.post("/auth/token", data=form)
        noticed.log_in_seconds = time.perf_counter() - began
        began = time.perf_counter()
        placed = await client.post("/orders", json=order, headers=AUTHORIZATION)
        noticed.order_seconds = time.perf_counter() - began
    for name, answer, status in (("log-in", granted, 200), ("order", placed, 201)):
        if answer.status_code != status:
            noticed.faults.append(f"{name}: {answer.status_code}")


async def time_of_end(
    name: str, settings: Settings, folder: Path, workers: str
) -> tuple[str, float, float]:
    """Return the seconds until streams, and the whole shop, end after SIGTERM."""
    prepare_folder(folder)
    with serving(settings, folder, "--workers", workers) as shop:
        operation_id = await let_in(settings)
        with attacking(shop.port, AT_THE_END, operation_id) as attacker:
            await asyncio.sleep(ATTACK_SECONDS)
            began = time.monotonic()
            shop.process.send_signal(signal.SIGTERM)
            assert attacker.stdout is not None
            await asyncio.to_thread(attacker.stdout.readline)
            streams_seconds = time.monotonic() - began
            await asyncio.to_thread(shop.process.wait, MOST_STOP_SECONDS * 2)
            return name, streams_seconds, time.monotonic() - began


def memory_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kib) / 1024


if __name__ == "__main__":
    main()
