"""A case of the benchmark: the measured operation, its reference, and the aim of their ratio."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.cases.bench import Bench
from benchmarks.support.reading import Reading


@dataclass(frozen=True, slots=True)
class Aim:
    """The minimum or the maximum of a score."""

    bound: float
    is_most: bool = False

    def is_met_by(self, score: float) -> bool:
        """Return whether a score meets the aim."""
        return score <= self.bound if self.is_most else score >= self.bound

    def share_of(self, score: float) -> float:
        """Return the ratio of a score to the aim: 1 is the aim, more is better."""
        if self.is_most:
            return self.bound / score if score else 1.0
        return score / self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.is_most else '≥'} {self.bound:g}"


Measure = Callable[[Bench], Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An operation of the shop, and its reference.

    The score of a case is the ratio of both values, or the value itself without a reference.
    """

    name: str
    title: str
    measure: Measure
    reference: Measure | None = None
    against: str = ""
    """A description of the reference."""
    unit: str = "requests/s"
    aim: Aim | None = None
    is_long: bool = False
    """Whether one measurement takes much longer than the seconds of a load."""

    @property
    def is_quick(self) -> bool:
        """Whether a quick run includes it: a case without an aim only explains other cases."""
        return self.aim is not None and not self.is_long
