"""Kills the containers of a running shop in turn while orders arrive, and checks the orders.

It needs `docker compose up` with the demo's data (docker compose exec web lavka demo). With
--rolling N it restarts the two web containers of --profile replicas in turn instead, and no
request through their front may fail.
"""

import argparse
import asyncio
import json
import shutil
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count

import httpx
from rich.console import Console

from benchmarks.replay import SCOPES, Run, check, order_of, prepare, read_baskets, replay
from benchmarks.support.admin_access import add_arguments, temporary_api_key

_HEALTHY_SECONDS = 180
_DOWN_SECONDS = 3.0
_SETTLED_SECONDS = 120
_REPLICAS = ("web", "web-2")
_BASKETS = 10_000


async def compose(*arguments: str) -> str:
    """Run `docker compose` or `docker-compose`, and return its output."""
    program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    process = await asyncio.create_subprocess_exec(
        *program,
        "--profile",
        "replicas",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    if process.returncode:
        raise SystemExit(f"error: {' '.join(arguments)}: {errors.decode().strip()}")
    return output.decode()


async def containers(*services: str) -> list[str]:
    """Return the ids of the containers of some services, by default of all running ones."""
    return (await compose("ps", "-q", *services)).split()


async def ailing(ids: list[str]) -> list[str]:
    """Return the names of the containers that are not healthy."""
    process = await asyncio.create_subprocess_exec(
        "docker", "inspect", *ids, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    states = {each["Name"]: each["State"] for each in json.loads(output)}
    return [
        name.strip("/")
        for name, state in states.items()
        if state["Status"] != "running" or state["Health"]["Status"] != "healthy"
    ]


async def until_healthy(ids: list[str]) -> float:
    """Wait until containers are healthy, and return the seconds that it took."""
    began = time.monotonic()
    while ill := await ailing(ids):
        if time.monotonic() - began > _HEALTHY_SECONDS:
            raise SystemExit(f"FAILED: not healthy by themselves: {', '.join(ill)}")
        await asyncio.sleep(0.5)
    return time.monotonic() - began


async def kill_in_turn(console: Console, services: list[str]) -> None:
    """Kill each service, start it again, and wait until everything is healthy by itself."""
    ids = await containers()
    for service in services:
        await compose("kill", service)
        await asyncio.sleep(_DOWN_SECONDS)
        await compose("start", service)
        seconds = await until_healthy(ids)
        console.print(f"ok   {service} was killed: all healthy again after {seconds:.0f} s")


async def ask_for_orders(run: Run, stop: asyncio.Event) -> list[str]:
    """Place orders over RabbitMQ and the worker; return the operations that were accepted."""
    operations: list[str] = []
    for number in count():
        if stop.is_set():
            break
        body = order_of(run, run.baskets[number])
        # The key makes it safe to repeat the request when the response is lost.
        headers = {"Prefer": "respond-async", "Idempotency-Key": f"asked-{run.name}-{number}"}
        accepted = None
        while accepted is None:
            try:
                response = await run.client.post("orders", json=body, headers=headers)
                accepted = response if response.status_code < 500 else None
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.3)
        accepted.raise_for_status()
        operations.append(accepted.json()["id"])
    return operations


async def settle(run: Run, operations: list[str]) -> None:
    """Wait for the end of every operation, and count the resulting orders as accepted."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    for operation in operations:
        while True:
            state = (await run.client.get(f"operations/{operation}")).json()
            if state["state"] in ("succeeded", "failed"):
                break
            if time.monotonic() > deadline:
                raise SystemExit(f"FAILED: operation {operation} is still {state['state']}")
            await asyncio.sleep(0.2)
        if state["state"] == "succeeded":
            run.accepted.append(state["result"]["id"])
        else:
            run.refused[f"asked: {state['problem']['type']}"] += 1


async def storm(run: Run, console: Console, services: list[str]) -> bool:
    """Kill services while orders are placed; return whether every accepted order exists."""
    stop = asyncio.Event()
    load = asyncio.create_task(replay(run, 8, lambda: None, pause_seconds=0.2, stop=stop))
    asking = asyncio.create_task(ask_for_orders(run, stop))
    try:
        await kill_in_turn(console, services)
    finally:
        stop.set()
        await load
    operations = await asking
    placed = len(run.accepted)
    await settle(run, operations)
    console.print(
        f"     {placed} orders accepted over HTTP, {len(operations)} over RabbitMQ, "
        f"{sum(run.refused.values())} refused {dict(run.refused)}, "
        f"the longest answer took {max(run.latencies):.1f} s"
    )
    return await _is_in_order(run, console)


async def _keep_asking(
    run: Run,
    ask: Callable[[int], Awaitable[httpx.Response]],
    answers: Counter[str],
    stop: asyncio.Event,
) -> None:
    for number in count():
        if stop.is_set():
            return
        try:
            response = await ask(number)
        except httpx.TransportError as error:
            answers[f"FAILED: {type(error).__name__}"] += 1
            continue
        is_fault = response.status_code >= 500
        answers[f"{'FAILED: ' if is_fault else ''}{response.status_code}"] += 1
        if response.status_code == 201:
            run.accepted.append(response.json()["id"])


async def roll(run: Run, console: Console, times: int) -> bool:
    """Restart the web containers in turn under requests; return whether no request failed."""
    stop = asyncio.Event()
    answers: Counter[str] = Counter()

    async def browse(_number: int) -> httpx.Response:
        await asyncio.sleep(0.01)
        return await run.client.get("products?limit=20")

    async def order(number: int) -> httpx.Response:
        await asyncio.sleep(0.05)
        headers = {"Idempotency-Key": f"rolling-{run.name}-{number}"}
        body = order_of(run, run.baskets[number])
        return await run.client.post("orders", json=body, headers=headers)

    tasks = [
        asyncio.create_task(_keep_asking(run, each, answers, stop))
        for each in (browse, browse, browse, order)
    ]
    try:
        for number in range(times):
            service = _REPLICAS[number % 2]
            await compose("restart", "-t", "40", service)
            seconds = await until_healthy(await containers(*_REPLICAS))
            failed = sum(some for answer, some in answers.items() if answer.startswith("FAILED"))
            console.print(
                f"{'ok  ' if not failed else 'FAILED:'} restart {number + 1} of {service}: serves "
                f"again after {seconds:.0f} s, {failed} of {answers.total()} requests failed"
            )
    finally:
        stop.set()
        await asyncio.gather(*tasks)
    console.print(f"     answers: {dict(answers)}")
    in_order = await _is_in_order(run, console)
    return in_order and not any(answer.startswith("FAILED") for answer in answers)


async def _is_in_order(run: Run, console: Console) -> bool:
    results = await check(run)
    for name, against in results.items():
        console.print(f"ok   {name}" if against is None else f"FAILED: {name}: {against}")
    return not any(results.values())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compose_chaos", description=__doc__)
    parser.add_argument("--url", help="the shop (port 8000; with --rolling its front, port 8080)")
    parser.add_argument("--rolling", type=int, metavar="N", help="the number of restarts of web")
    parser.add_argument("services", nargs="*", help="what to kill, in this order (everything)")
    add_arguments(parser)
    return parser


async def _main() -> int:
    arguments = _parser().parse_args()
    # Output to a file is not cut to the width of a terminal.
    console = Console(soft_wrap=True, highlight=False, markup=False)
    url = arguments.url or f"http://127.0.0.1:{8080 if arguments.rolling else 8000}"
    services = arguments.services or (await compose("config", "--services")).split()
    running = {each for each in services if await containers(each)}
    async with httpx.AsyncClient(base_url=f"{url}/api/v1/", timeout=60) as client:
        run = Run(client, uuid.uuid4().hex[:12], read_baskets(_BASKETS))
        async with temporary_api_key(client, arguments, (*SCOPES, "operations:read")):
            await prepare(run, supply=0.9)
            if arguments.rolling:
                is_well = await roll(run, console, arguments.rolling)
            else:
                is_well = await storm(run, console, [each for each in services if each in running])
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
