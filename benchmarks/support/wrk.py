"""Sends the same requests repeatedly with wrk, and returns the speed of the responses."""

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.support.reading import NotMeasured
from benchmarks.support.servers import pinned

HOW_TO_INSTALL = "wrk sends the load, and is not there: apt-get install wrk"
# Requests are made before the measurement, but for the keys, of which none may come twice.
_SCRIPT = """
local requests, count = {}, 0
local keyed = os.getenv("KEYED")
function init()
  for line in io.lines(os.getenv("REQUESTS")) do
    local method, path, body = line:match("^(%S+) (%S+) ?(.*)$")
    requests[#requests + 1] = keyed and {method, path, body} or wrk.format(method, path, nil, body)
  end
end
function request()
  count = count + 1
  local it = requests[(count - 1) % #requests + 1]
  if not keyed then return it end
  wrk.headers["Idempotency-Key"] = keyed .. count
  return wrk.format(it[1], it[2], nil, it[3])
end
function done(summary, latency)
  local failed = summary.errors
  print(string.format('\\n{"answers": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d,' ..
    ' "lost": %d}', summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """The requests, as lines of a method, a path and a body, and the options of sending."""

    requests: Sequence[str]
    connections: int = 32
    headers: tuple[tuple[str, str], ...] = ()
    is_keyed: bool = False
    """Whether each request has its own idempotency key."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The number of responses, and their speed."""

    count: int
    per_second: float
    p50_ms: float
    p99_ms: float


def find_wrk() -> str | None:
    """Return the path of the program, if it is installed."""
    return shutil.which("wrk")


def send(load: Load, url: str, seconds: int, core: int) -> Answered:
    """Send requests for some seconds from one core.

    Raises:
        NotMeasured: a request was refused or not answered.
    """
    with tempfile.TemporaryDirectory() as folder:
        script, requests = Path(folder) / "wrk.lua", Path(folder) / "requests"
        script.write_text(_SCRIPT, "utf-8")
        requests.write_text("\n".join(load.requests) + "\n", "utf-8")
        command = [find_wrk() or "wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s"]
        command += ["-s", str(script), "-H", "Content-Type: application/json"]
        for name, value in load.headers:
            command += ["-H", f"{name}: {value}"]
        environment = os.environ | {"REQUESTS": str(requests)}
        if load.is_keyed:
            environment["KEYED"] = f"{random.getrandbits(64):x}-"
        with pinned(core):
            done = subprocess.run(
                [*command, url], env=environment, capture_output=True, text=True, check=False
            )
    if done.returncode:
        raise NotMeasured(f"wrk: {done.stderr}")
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if said["refused"] or said["lost"] or not said["answers"]:
        raise NotMeasured(f"not all requests were answered: {said}")
    count = int(said["answers"])
    return Answered(count, count / said["seconds"], said["p50"], said["p99"])
