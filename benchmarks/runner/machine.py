"""The load of other programs on the machine."""

import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 1.0
_IDLE, _WAITING, _STEAL = 3, 4, 7
# Guests are counted in the time of users, too.
_COUNTED = 8


@dataclass(frozen=True, slots=True)
class Times:
    """The time of all processors since the start of the machine, in ticks."""

    total: int
    idle: int
    stolen: int

    @classmethod
    def now(cls) -> "Times":
        """Read the counters of Linux; all are 0 elsewhere."""
        try:
            line = Path("/proc/stat").read_text("utf-8").partition("\n")[0]
        except FileNotFoundError:
            return cls(0, 0, 0)
        fields = [int(each) for each in line.split()[1:]][:_COUNTED]
        return cls(sum(fields), fields[_IDLE] + fields[_WAITING], fields[_STEAL])

    def steal_until(self, end: "Times") -> float:
        """Return the share of the time that the hypervisor gave to other machines."""
        return (end.stolen - self.stolen) / max(end.total - self.total, 1)

    def busy_until(self, end: "Times") -> float:
        """Return the share of the time in which a processor was busy."""
        return 1 - (end.idle - self.idle) / max(end.total - self.total, 1)


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine before a run."""

    processor: str
    cores: int
    python: str
    load: float
    """The average number of processes that ran or waited in the minute before."""
    busy: float
    """The share of the processors' time that other programs took before anything was started."""

    @classmethod
    def look(cls) -> "Machine":
        """Observe the machine for a second; no part of the benchmark may run yet."""
        before = Times.now()
        time.sleep(_LOOK_SECONDS)
        busy = before.busy_until(Times.now())
        cores = len(os.sched_getaffinity(0))
        return cls(_processor(), cores, platform.python_version(), os.getloadavg()[0], busy)

    def figures(self) -> dict[str, Any]:
        """Return the figures for the results."""
        return asdict(self)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
