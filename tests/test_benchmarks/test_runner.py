"""The runner of the benchmark: turns, ratios, noise, interruption and the exit code."""

import pytest

from benchmarks.cases.bench import Bench
from benchmarks.cases.case import Aim
from benchmarks.runner.machine import Times
from benchmarks.runner.runner import run_cases
from benchmarks.support.reading import Reading
from tests.test_benchmarks.fakes import NO_BENCH, Calls, case, not_installed, run


def test_a_case_is_measured_in_alternating_order_with_its_reference() -> None:
    calls = Calls()
    run(case(calls))
    assert calls.names == ["reads reference", "reads", "reads", "reads reference"] + [
        "reads reference",
        "reads",
    ]


def test_the_score_is_the_median_of_the_ratios() -> None:
    calls = Calls()
    measure, reference = calls.of("", [10, 90, 33]), calls.of("", [100, 100, 100])
    (result,) = run(case(calls, measure=measure, reference=reference)).results
    assert result.score == pytest.approx(0.33)
    assert (result.measured, result.reference) == (33, 100)


def test_the_score_without_a_reference_is_the_median_of_the_values() -> None:
    calls = Calls()
    (result,) = run(case(calls, measure=calls.of("", [9, 2, 4]), reference=None)).results
    assert (result.score, result.reference) == (4, None)


@pytest.mark.parametrize(
    ("aim", "is_met", "exit_code"),
    [
        (Aim(0.52), True, 0),
        (Aim(0.53), False, 1),
        (Aim(0.53, is_most=True), True, 0),
        (Aim(0.52, is_most=True), False, 1),
        (None, None, 0),
    ],
)
def test_a_missed_aim_is_the_exit_code(
    aim: Aim | None, is_met: bool | None, exit_code: int
) -> None:
    calls = Calls()
    measure, reference = calls.of("", [0.525]), calls.of("", [1])
    outcome = run(case(calls, measure=measure, reference=reference, aim=aim))
    assert (outcome.results[0].is_met, outcome.exit_code) == (is_met, exit_code)


@pytest.mark.parametrize(("highest", "is_noisy"), [(114, False), (116, True)])
def test_a_reference_that_varies_makes_a_case_noisy(highest: float, is_noisy: bool) -> None:
    calls = Calls()
    (result,) = run(case(calls, reference=calls.of("", [100, highest, 105]))).results
    assert result.spread == pytest.approx(highest / 100)
    assert result.is_noisy == is_noisy


def test_a_case_without_a_reference_is_noisy_if_it_varies_itself() -> None:
    calls = Calls()
    (result,) = run(case(calls, measure=calls.of("", [1, 1.2, 1]), reference=None)).results
    assert result.is_noisy


def test_time_of_another_virtual_machine_makes_a_case_noisy() -> None:
    calls, times = Calls(), iter([Times(1_000, 500, 10), Times(2_000, 900, 40)])
    outcome = run_cases([case(calls)], NO_BENCH, 3, list[str]().append, lambda: next(times))
    assert outcome.results[0].steal == pytest.approx(0.03)
    assert outcome.results[0].is_noisy


def test_a_disturbed_measurement_makes_a_case_noisy() -> None:
    def measure(_bench: Bench) -> Reading:
        return Reading(50, is_disturbed=True)

    calls = Calls()
    (result,) = run(case(calls, measure=measure, reference=calls.of("", [100]))).results
    assert (result.spread, result.is_noisy) == (1, True)


def test_the_share_of_busy_time_is_the_time_that_was_not_idle() -> None:
    assert Times(1_000, 500, 0).busy_until(Times(1_200, 650, 0)) == pytest.approx(0.25)


def test_each_case_is_printed_in_a_line_with_its_faults() -> None:
    calls, told = Calls(), list[str]()
    run(
        case(calls),
        case(calls, "lists", aim=Aim(0.9), reference=calls.of("", [100, 200])),
        case(calls, "start", reference=None, unit="s", aim=None),
        case(calls, "queue", measure=calls.failing(not_installed())),
        told=told,
    )
    assert told == [
        " 1/4  reads: 0.524 = 55 / 105 requests/s, aim ≥ 0.4",
        " 2/4  lists: 0.3 = 55 / 200 requests/s, aim ≥ 0.9 MISSED, noisy (spread 2.00)",
        " 3/4  start: 55 s, noisy (spread 1.20)",
        " 4/4  queue: not measured: no RabbitMQ here",
    ]


def test_a_case_that_cannot_be_measured_fails_the_run_but_not_the_other_cases() -> None:
    calls = Calls()
    outcome = run(case(calls, "queue", measure=calls.failing(not_installed())), case(calls))
    assert [each.failure for each in outcome.results] == ["no RabbitMQ here", None]
    assert (outcome.results[0].score, outcome.results[0].repetitions) == (None, ())
    assert outcome.exit_code == 1


def test_an_interrupted_run_has_the_results_of_the_earlier_cases() -> None:
    calls = Calls()
    outcome = run(
        case(calls), case(calls, "lists", measure=calls.failing(KeyboardInterrupt())), case(calls)
    )
    assert [each.case.name for each in outcome.results] == ["reads"]
    assert (outcome.is_interrupted, outcome.exit_code) == (True, 130)
