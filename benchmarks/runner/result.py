"""The result of a case: its repetitions, their score, and how much they differ."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.cases.case import Case
from benchmarks.support.reading import Reading

NOISY_SPREAD = 1.15
"""The maximum ratio of the highest value of a reference to its lowest one."""
NOISY_STEAL = 0.02


@dataclass(frozen=True, slots=True)
class Repetition:
    """One measurement of a case, and one of its reference."""

    measured: Reading
    reference: Reading | None = None

    @property
    def score(self) -> float:
        """The ratio, or the value of a case without a reference."""
        if self.reference is None:
            return self.measured.value
        return self.measured.value / self.reference.value


@dataclass(frozen=True, slots=True)
class Result:
    """The measurements of a case."""

    case: Case
    repetitions: Sequence[Repetition] = field(default=())
    steal: float = 0.0
    """The share of the processor's time that another machine took meanwhile."""
    failure: str | None = None
    """The reason why the case was not measured."""

    @property
    def score(self) -> float | None:
        """The median over the repetitions."""
        if not self.repetitions:
            return None
        return median(each.score for each in self.repetitions)

    @property
    def measured(self) -> float:
        """The median of the values of the case."""
        return median(each.measured.value for each in self.repetitions)

    @property
    def reference(self) -> float | None:
        """The median of the values of the reference."""
        values = [each.reference.value for each in self.repetitions if each.reference]
        return median(values) if values else None

    @property
    def spread(self) -> float:
        """The highest value of the reference, or else of the case, over its lowest one."""
        values = [(each.reference or each.measured).value for each in self.repetitions]
        return max(values) / min(values) if values else 1.0

    @property
    def is_noisy(self) -> bool:
        """Whether the load of the machine varied too much for a reliable score."""
        is_disturbed = any(each.measured.is_disturbed for each in self.repetitions)
        return is_disturbed or self.spread > NOISY_SPREAD or self.steal > NOISY_STEAL

    @property
    def is_met(self) -> bool | None:
        """Whether the aim is met; None without an aim or a score."""
        if self.case.aim is None or self.score is None:
            return None
        return self.case.aim.is_met_by(self.score)

    def detail(self, name: str) -> float | None:
        """Return the median of a further figure of the case."""
        values = [
            each.measured.details[name]
            for each in self.repetitions
            if name in each.measured.details
        ]
        return median(values) if values else None
