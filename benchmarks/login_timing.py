"""Measures whether the time of a log-in reveals if a user exists, and the cost of log-ins."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from app.wiring.lifecycle import prepare
from app.wiring.resources import Shop
from main import create_app
from tests.support.applications import transport_to

EMAIL, PASSWORD = "known@example.com", "correct horse battery staple"
WRONG = "wrong horse battery staple"
MOST_DIFFERENCE = 0.10
WARM_UP = 10
# More at once wait for each other: passwords are hashed by four threads.
AT_ONCE = 4
NO_LIMIT = 1_000_000_000


@dataclass(frozen=True)
class Subject:
    """A shop in this process, and a client of it."""

    shop: Shop
    client: httpx.AsyncClient

    async def log_in(self, name: str, password: str) -> httpx.Response:
        """Send a log-in."""
        form = {"username": name, "password": password}
        return await self.client.post("/auth/token", data=form)


def main() -> None:
    """Measure, print the tables, and exit with 1 if known and unknown users differ in time."""
    arguments = parse_arguments()
    sys.exit(asyncio.run(measure(arguments.times)))


async def measure(times: int) -> int:
    """Measure everything and return the exit code."""
    with TemporaryDirectory() as folder:
        async with opened(Path(folder)) as subject:
            known, unknown = await failures(subject, times)
            rate = await log_ins_per_second(subject, times)
            remembered, uncached = await lookups(subject, times * 5)
    difference = abs(known / unknown - 1)
    table = Table("log-in that fails", "median", title=f"{times} of each, in turn")
    table.add_row("known user, wrong password", f"{known * 1e3:.2f} ms")
    table.add_row("unknown user", f"{unknown * 1e3:.2f} ms")
    table.add_row("known / unknown", f"{known / unknown:.3f}")
    Console().print(table)
    costs = Table("cost", "")
    costs.add_row(f"log-ins per second, {AT_ONCE} at once", f"{rate:.1f}")
    costs.add_row("GET /users/me, token remembered", f"{remembered * 1e6:.0f} \u00b5s")
    costs.add_row("GET /users/me, token looked up", f"{uncached * 1e6:.0f} \u00b5s")
    Console().print(costs)
    if difference < MOST_DIFFERENCE:
        return 0
    print(f"error: the times differ by {difference:.0%}: users can be found out", file=sys.stderr)
    return 1


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Subject]:
    """Open a shop with one user, and hash passwords with the default parameters."""
    settings = Settings(
        _env_file=None,
        db_host=None,
        redis_host=None,
        data_dir=folder,
        login_limit_per_account=NO_LIMIT,
        login_limit_per_address=NO_LIMIT,
        rate_limit_per_minute=0,
        password_memory_kib=Settings.model_fields["password_memory_kib"].default,
        password_iterations=Settings.model_fields["password_iterations"].default,
    )
    shop = Shop(settings)
    transport = transport_to(create_app(shop))
    await prepare(shop)
    try:
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shop.test/api/v1"
        ) as client:
            user = {"email": EMAIL, "username": "known", "first_name": "A", "last_name": "B"}
            response = await client.post("/users", json=user | {"password": PASSWORD})
            expect(response, 201)
            yield Subject(shop, client)
    finally:
        await shop.close()


async def failures(subject: Subject, times: int) -> tuple[float, float]:
    """Return the median seconds of a log-in that fails, of a known and of an unknown user."""
    known: list[float] = []
    unknown: list[float] = []
    for number in range(-WARM_UP, times):
        # In turn, so that other load of the machine affects both equally.
        for name, noted in ((EMAIL, known), (f"nobody{number + WARM_UP}@example.com", unknown)):
            started = perf_counter()
            response = await subject.log_in(name, WRONG)
            noted.append(perf_counter() - started)
            expect(response, 401)
    return median(known[WARM_UP:]), median(unknown[WARM_UP:])


async def log_ins_per_second(subject: Subject, times: int) -> float:
    """Return the number of log-ins per second over some concurrent connections."""
    started = perf_counter()
    for _ in range(times // AT_ONCE):
        answers = await asyncio.gather(*(subject.log_in(EMAIL, PASSWORD) for _ in range(AT_ONCE)))
        for answer in answers:
            expect(answer, 200)
    return times // AT_ONCE * AT_ONCE / (perf_counter() - started)


async def lookups(subject: Subject, times: int) -> tuple[float, float]:
    """Return the median seconds of a request whose token is cached, and of one that is not."""
    response = await subject.log_in(EMAIL, PASSWORD)
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}

    async def own() -> httpx.Response:
        return await subject.client.get("/users/me", headers=headers)

    remembered: list[float] = []
    uncached: list[float] = []
    for _ in range(times):
        subject.shop.identities.clear()
        uncached.append(await seconds_of(own))
        remembered.append(await seconds_of(own))
    return median(remembered), median(uncached)


async def seconds_of(send: Callable[[], Awaitable[httpx.Response]]) -> float:
    """Return the seconds of a request that succeeds."""
    started = perf_counter()
    response = await send()
    passed = perf_counter() - started
    expect(response, 200)
    return passed


def expect(response: httpx.Response, status: int) -> None:
    """End the measurement if a response does not have the expected status."""
    if response.status_code != status:
        raise SystemExit(f"error: {response.status_code}: {response.text}")


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.login_timing", description=__doc__)
    parser.add_argument("--times", type=int, default=300, help="log-ins of each kind (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
