"""Cases that compare the shop with another one, which runs elsewhere and is described by a file.

The file is TOML: a `name`, `headers`, and for each case of the shop a table of its name with the
request that asks the other shop for the same: `path`, and optionally `method`, `body` and
`connections`. A body makes the method POST; a case of that name measures the shop.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.cases.bench import Bench
from benchmarks.cases.case import Case, Measure
from benchmarks.support.reading import NotMeasured, Reading
from benchmarks.support.wrk import Load


class InvalidDriver(Exception):
    """The file does not describe a peer; the message gives the reason."""


class Request(BaseModel):
    """A request that is sent to the peer repeatedly."""

    model_config = ConfigDict(extra="forbid")

    path: str
    method: str | None = None
    body: str = ""
    connections: int = 32

    @property
    def line(self) -> str:
        """The request in one line, as the load generator reads it."""
        method = self.method or ("POST" if self.body else "GET")
        return " ".join([method, self.path, *self.body.split()])


class Driver(BaseModel):
    """A peer: its name, the headers of all requests, and the requests by case."""

    model_config = ConfigDict(extra="forbid")

    name: str
    headers: dict[str, str] = {}
    requests: dict[str, Request]


def read_driver(path: Path, cases: Sequence[Case]) -> Driver:
    """Read the description of a peer.

    Raises:
        InvalidDriver: the file cannot be read, or names an unknown case.
    """
    try:
        driver = Driver.model_validate(_nested(tomllib.loads(path.read_text("utf-8"))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise InvalidDriver(f"{path}: {error}") from error
    known = [each.name for each in cases]
    if unknown := driver.requests.keys() - set(known):
        text = f"{path}: no case is called {', '.join(sorted(unknown))}; there are "
        raise InvalidDriver(text + ", ".join(known))
    return driver


def peer_cases(url: str, driver: Driver, cases: Sequence[Case]) -> list[Case]:
    """Return a case for each request of a driver, which compares the shop with the peer."""
    return [
        replace(
            each,
            name=f"peer-{each.name}",
            reference=_ask(url.rstrip("/"), driver, driver.requests[each.name]),
            against=driver.name,
            aim=None,
        )
        for each in cases
        if each.name in driver.requests
    ]


def _nested(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a file with the tables of the cases under one name."""
    top = {name: value for name, value in content.items() if name in ("name", "headers")}
    return top | {"requests": {each: content[each] for each in content.keys() - top.keys()}}


def _ask(url: str, driver: Driver, request: Request) -> Measure:
    def measure(bench: Bench) -> Reading:
        _require_answer(url, driver, request)
        headers = tuple(driver.headers.items())
        answered = bench.answered(Load([request.line], request.connections, headers), url)
        return Reading(answered.per_second, {"p50_ms": answered.p50_ms, "p99_ms": answered.p99_ms})

    return measure


def _require_answer(url: str, driver: Driver, request: Request) -> None:
    """Require a response without errors: GraphQL reports errors with status 200."""
    method, path, *body = request.line.split(" ", 2)
    headers = {"Content-Type": "application/json"} | driver.headers
    try:
        answer = httpx.request(method, url + path, headers=headers, content="".join(body))
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise NotMeasured(f"{driver.name}: {error}") from error
    is_json = answer.headers.get("Content-Type", "").startswith("application/")
    content = answer.json() if is_json and answer.content else None
    if isinstance(content, dict) and content.get("errors"):
        raise NotMeasured(f"{driver.name}: {content['errors']}")
