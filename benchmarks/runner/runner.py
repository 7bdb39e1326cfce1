"""Measures cases, each in turns with its reference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.cases.bench import Bench
from benchmarks.cases.case import Case
from benchmarks.runner.machine import Times
from benchmarks.runner.result import Repetition, Result
from benchmarks.support.reading import NotMeasured, Reading

INTERRUPTED = 130
"""The exit code of a program that Ctrl+C has ended, in a shell."""


@dataclass(slots=True)
class Run:
    """The results of a run, complete or not."""

    results: list[Result] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 if all cases were measured and meet their aims, 1 if not, 130 if interrupted."""
        if self.is_interrupted:
            return INTERRUPTED
        return int(any(each.failure or each.is_met is False for each in self.results))


def run_cases(
    cases: Sequence[Case],
    bench: Bench,
    times: int,
    tell: Callable[[str], None],
    now: Callable[[], Times] = Times.now,
) -> Run:
    """Measure cases one after the other, and report the result of each; Ctrl+C ends the run."""
    run = Run()
    try:
        for number, case in enumerate(cases, start=1):
            result = _measure(case, bench, times, now)
            run.results.append(result)
            tell(f"{number:2}/{len(cases)}  {in_words(result)}")
    except KeyboardInterrupt:
        run.is_interrupted = True
    return run


def in_words(result: Result) -> str:
    """Return the result of a case in a line."""
    case, score = result.case, result.score
    if score is None:
        return f"{case.name}: not measured: {result.failure}"
    words = f"{case.name}: {score:.3g}"
    if result.reference is not None:
        words += f" = {result.measured:,.4g} / {result.reference:,.4g} {case.unit}"
    elif case.unit:
        words += f" {case.unit}"
    if case.aim is not None:
        words += f", aim {case.aim}{'' if result.is_met else ' MISSED'}"
    return words + (f", noisy (spread {result.spread:.2f})" if result.is_noisy else "")


def _measure(case: Case, bench: Bench, times: int, now: Callable[[], Times]) -> Result:
    before = now()
    repetitions: list[Repetition] = []
    failure = None
    try:
        for number in range(times):
            repetitions.append(_repeat(case, bench, is_reference_first=number % 2 == 0))
    except NotMeasured as error:
        failure = str(error)
    # A score of fewer repetitions would look as reliable as the others.
    kept = () if failure else tuple(repetitions)
    return Result(case, kept, before.steal_until(now()), failure)


def _repeat(case: Case, bench: Bench, *, is_reference_first: bool) -> Repetition:
    """Measure both in alternating order, so that a drift of the machine affects both equally."""
    reference: Reading | None = None
    if case.reference is not None and is_reference_first:
        reference = case.reference(bench)
    measured = case.measure(bench)
    if case.reference is not None and reference is None:
        reference = case.reference(bench)
    return Repetition(measured, reference)
