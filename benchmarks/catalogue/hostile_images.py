"""Uploads hostile files to a real server, and measures how much memory it needs for them.

It exits with 1 if the server returned a server error, ended, left an image unrendered, or needed
more than 150 MB in addition to its memory for a first small image.
"""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
from rich.console import Console

from tests.conftest import sqlite_settings
from tests.support.machines import AUTHORIZATION, let_machine_into
from tests.support.media.hostile import FIXED, LARGE, HostileFile, random_files
from tests.support.media.pictures import picture
from tests.support.processes import ServedShop, serving
from tests.support.servers.sqlite import give_schema

MOST_MB = 150
_AT_A_TIME = 20
_WAIT_SECONDS = 120


def files(count: int, seed: int) -> Iterator[HostileFile]:
    """Yield files of every fixed kind, and as many at random as are missing."""
    for name, make in (FIXED | LARGE).items():
        yield HostileFile(name, make())
    yield from islice(random_files(seed), max(0, count - len(FIXED) - len(LARGE)))


def memory_mb(served: ServedShop, name: str) -> float:
    """Return a figure of the memory of a process: `VmRSS` is now, `VmHWM` the most so far."""
    status = Path(f"/proc/{served.process.pid}/status").read_text("ascii")
    match = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    assert match is not None
    return int(match[1]) / 1024


class Visitor:
    """Uploads files to a shop, and waits until they are rendered."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.statuses: Counter[str] = Counter()

    def upload(self, hostile: list[HostileFile]) -> None:
        """Upload files as images of a new product."""
        number = sum(self.statuses.values())
        product = {"sku": f"T{number}", "name": "Tea", "category": "Tea", "price": "1.00"}
        path = f"/products/{self._client.post('/products', json=product).json()['id']}/images"
        headers = {"Content-Type": "image/png"}
        for each in hostile:
            answer = self._client.post(path, content=each.content, headers=headers)
            if answer.status_code >= 500:
                Console(stderr=True).print(f"error: {each.name}: {answer.text}")
            if answer.status_code != 202:
                self.statuses[str(answer.status_code)] += 1
        self._wait(path)

    def _wait(self, path: str) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            items = self._client.get(path, params={"include": "all"}).json()["items"]
            if all(each["status"] != "waiting" for each in items):
                break
            time.sleep(0.2)
        self.statuses.update(each["status"] for each in items)


def measured(served: ServedShop, arguments: argparse.Namespace) -> list[str]:
    """Upload, print the outcomes, and return the faults."""
    with httpx.Client(base_url=f"{served.url}/api/v1", headers=AUTHORIZATION, timeout=60) as client:
        visitor = Visitor(client)
        visitor.upload([HostileFile("a small image", picture())])
        before = memory_mb(served, "VmRSS")
        hostile = files(arguments.count, arguments.seed)
        while some := list(islice(hostile, _AT_A_TIME)):
            visitor.upload(some)
    peak, after = memory_mb(served, "VmHWM") - before, memory_mb(served, "VmRSS") - before
    console = Console()
    console.print(f"{sum(visitor.statuses.values())} files:", dict(visitor.statuses))
    console.print(f"memory: {before:.0f} MB before, at most +{peak:.0f} MB, +{after:.0f} MB after")
    faults = [
        f"{count} x {name}"
        for name, count in visitor.statuses.items()
        if name == "waiting" or name.startswith("5")
    ]
    if served.process.poll() is not None:
        faults.append("the server has ended")
    if peak > MOST_MB:
        faults.append(f"+{peak:.0f} MB of memory")
    return faults


def main() -> None:
    """Serve a shop, upload files, and print whether it handled them."""
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = sqlite_settings(Path(folder) / "var")
        give_schema(settings)
        asyncio.run(let_machine_into(settings))
        with serving(settings, Path(folder)) as served:
            faults = measured(served, arguments)
    for fault in faults:
        Console(stderr=True).print(f"error: {fault}")
    sys.exit(1 if faults else 0)


def parse_arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    name = "python -m benchmarks.catalogue.hostile_images"
    parser = argparse.ArgumentParser(prog=name, description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="of files (%(default)s)")
    parser.add_argument("--seed", type=int, default=16, help="of the random ones (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
