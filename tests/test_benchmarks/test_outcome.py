"""The output of a run: the table, the plot, the figures, and the document."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from benchmarks.cases.case import Aim
from benchmarks.runner.figures import figures_of
from benchmarks.runner.plot import plot_of
from benchmarks.runner.result import Result
from benchmarks.runner.table import BEGIN, END, put_between_markers, table_of
from tests.test_benchmarks.fakes import MACHINE, Calls, case, not_installed, run
from tests.test_house.sources import ROOT

_STARTED_AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(name="results")
def four_results() -> Sequence[Result]:
    """A case that meets its aim, one that misses it, one without a reference, and a failed one."""
    calls = Calls()
    cases = [
        case(calls, measure=calls.of("", [5_500], p50_ms=1.26, p99_ms=8, cpu_us=1_234.5)),
        case(calls, "lists", aim=Aim(0.9)),
        case(
            calls,
            "start",
            title="start < stop",
            measure=calls.of("", [0.5, 0.8, 0.7]),
            reference=None,
            against="",
            unit="s",
            aim=Aim(0.8, is_most=True),
        ),
        case(calls, "queue", measure=calls.failing(not_installed())),
    ]
    return run(*cases).results


def test_the_table_has_a_row_for_each_case(results: Sequence[Result]) -> None:
    rows = [line for line in table_of(results, MACHINE, 3).splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        "| `GET /reads` | 5,500 requests/s | nothing but a server: 105 | **52.4** | ≥ 0.4 "
        "| 1.3 | 8.0 | 1,234 | 1.10 |",
        "| `GET /lists` | 55 requests/s | nothing but a server: 105 | 0.524 | ≥ 0.9, missed "
        "|  |  |  | 1.10 |",
        "| start < stop | 0.7 s |  |  | ≤ 0.8 |  |  |  | 1.60, noisy |",
        "| `GET /queue` | not measured | nothing but a server |  |  |  |  |  |  |",
    ]
    assert len({row.count("|") for row in rows}) == 1


def test_the_table_describes_the_measurement_and_the_noisy_cases(results: Sequence[Result]) -> None:
    notes = table_of(results, MACHINE, 5).partition("\n\n")[2]
    assert "Medians of 5 measurements" in notes
    assert "2 cores of a processor, with Python 3.13.1" in notes
    assert "other programs used 3% of the processors (load 0.2)" in notes
    assert "The machine was noisy during `start`: measure these again." in notes
    assert "`queue` was not measured: no RabbitMQ here" in notes


def test_the_plot_has_a_bar_for_each_score_with_an_aim(results: Sequence[Result]) -> None:
    root = ElementTree.fromstring(plot_of(results))
    name = "{http://www.w3.org/2000/svg}"
    bars = {each.get("class"): float(each.get("width", 0)) for each in root.iter(f"{name}rect")}
    assert bars.keys() == {"met", "missed", "met noisy"}
    assert bars["met"] == 2 * 230  # 131 times the aim: the scale ends at twice.
    assert bars["missed"] == pytest.approx(230 * (55 / 105) / 0.9, abs=0.1)
    assert bars["met noisy"] == pytest.approx(230 * 0.8 / 0.7, abs=0.1)
    texts = [each.text for each in root.iter(f"{name}text")]
    assert {"52.4, aim ≥ 0.4", "0.524, aim ≥ 0.9", "0.7 s, aim ≤ 0.8, noisy"} <= set(texts)
    assert "queue" not in texts


def test_the_plot_has_colours_for_dark_pages(results: Sequence[Result]) -> None:
    assert "@media (prefers-color-scheme: dark)" in plot_of(results)


def test_the_figures_have_every_measurement(results: Sequence[Result]) -> None:
    figures = json.loads(figures_of(results, MACHINE, _STARTED_AT))
    assert figures["started_at"] == "2026-11-28T12:00:00+00:00"
    assert figures["machine"]["busy"] == 0.031
    reads, _, start, queue = figures["cases"]
    assert [each["reference"]["value"] for each in reads["repetitions"]] == [100, 110, 105]
    assert reads["repetitions"][0]["measured"] == {
        "value": 5_500,
        "p50_ms": 1.26,
        "p99_ms": 8,
        "cpu_us": 1_234.5,
    }
    assert (reads["aim"], reads["is_met"], reads["is_noisy"]) == ("≥ 0.4", True, False)
    assert [each["reference"] for each in start["repetitions"]] == [None] * 3
    assert (queue["score"], queue["failure"]) == (None, "no RabbitMQ here")


def test_the_document_gets_the_table_between_its_markers() -> None:
    written = put_between_markers(f"before\n{BEGIN}\nold\n{END}\nafter\n", "a table\n")
    assert written == f"before\n{BEGIN}\n\na table\n\n{END}\nafter\n"
    assert put_between_markers(written, "a table\n") == written


@pytest.mark.parametrize("text", ["nothing", f"{BEGIN} only", f"{END} first {BEGIN}"])
def test_a_document_without_the_markers_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        put_between_markers(text, "a table")


def test_the_document_of_the_project_has_the_markers() -> None:
    document = (ROOT / "docs/performance.md").read_text("utf-8")
    assert "a table" in put_between_markers(document, "a table")
