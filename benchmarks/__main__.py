"""Measures the shop and its references in the same run, and writes a table, a plot and figures.

It starts all servers that it needs. The process of the shop has one core; the load and the
databases have another one. Each case is measured in turns with its reference: an application with
constant responses, or a database without a shop. The exit code is 0 if every aim is met, 1 if one
is missed or a case was not measured, 130 after Ctrl+C; the results until then are written.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cases.bench import Bench
from benchmarks.cases.case import Case
from benchmarks.cases.peers import InvalidDriver, peer_cases, read_driver
from benchmarks.cases.registry import CASES, UnknownCase, chosen
from benchmarks.runner.figures import figures_of
from benchmarks.runner.machine import Machine
from benchmarks.runner.plot import plot_of
from benchmarks.runner.runner import Run, run_cases
from benchmarks.runner.table import put_between_markers, table_of
from benchmarks.support.servers import ROOT
from benchmarks.support.wrk import HOW_TO_INSTALL, find_wrk

_RESULTS = ROOT / "benchmarks/results"
_DOCUMENT = ROOT / "docs/performance.md"
_PICTURE = ROOT / "docs/images/benchmarks.svg"
_USAGE = 2
_LEAST_TIMES = 3
_SECONDS, _FEW_SECONDS = 5, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write the outcome, and return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        cases = _cases(arguments)
    except (UnknownCase, InvalidDriver) as error:
        parser.error(str(error))
    if arguments.list:
        print("\n".join(f"{each.name:20} {_described(each)}" for each in cases))
        return 0
    if (fault := _machine_fault()) is not None:
        print(f"error: {fault}", file=sys.stderr)
        return _USAGE
    machine, started_at = Machine.look(), datetime.now(UTC)
    print(f"load {machine.load:.1f}, {machine.busy:.0%} busy before the run", flush=True)
    seconds = arguments.seconds or (_FEW_SECONDS if arguments.quick else _SECONDS)
    with Bench(
        seconds=seconds,
        times=arguments.times,
        is_quick=arguments.quick,
        is_durable=arguments.fsync,
    ) as bench:
        run = run_cases(cases, bench, arguments.times, _tell)
        write(run, machine, started_at, arguments)
    return run.exit_code


def write(run: Run, machine: Machine, started_at: datetime, arguments: argparse.Namespace) -> None:
    """Write the table, the plot and the figures of a run, and the document if requested."""
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    table = table_of(run.results, machine, arguments.times)
    plot = plot_of(run.results)
    (output / "table.md").write_text(table, "utf-8")
    (output / "plot.svg").write_text(plot, "utf-8")
    (output / "figures.json").write_text(figures_of(run.results, machine, started_at), "utf-8")
    print(f"\n{table}\nwritten to {output}: table.md, plot.svg, figures.json", flush=True)
    if not arguments.document:
        return
    if run.is_interrupted:
        print("the document is unchanged: the run is not complete", file=sys.stderr)
        return
    picture = f"![Share of the aim of each case](images/{_PICTURE.name})"
    document = put_between_markers(_DOCUMENT.read_text("utf-8"), f"{picture}\n\n{table}")
    _DOCUMENT.write_text(document, "utf-8")
    _PICTURE.write_text(plot, "utf-8")


def _cases(arguments: argparse.Namespace) -> list[Case]:
    """Return the cases that the command line selects.

    Raises:
        InvalidDriver: the file does not describe a peer.
        UnknownCase: a name is unknown.
    """
    peers: list[Case] = []
    if (arguments.peer is None) != (arguments.driver is None):
        raise InvalidDriver("--peer and --driver belong together")
    if arguments.peer is not None:
        driver = read_driver(arguments.driver, CASES)
        peers = peer_cases(arguments.peer, driver, CASES)
    known = [*CASES, *peers]
    found = chosen(arguments.cases, is_quick=arguments.quick, cases=known)
    return found if arguments.cases else list(dict.fromkeys([*found, *peers]))


def _described(case: Case) -> str:
    words = case.title + (f" / {case.against}" if case.against else "")
    return words + (f", aim {case.aim}" if case.aim is not None else "")


def _machine_fault() -> str | None:
    if len(os.sched_getaffinity(0)) < 2:
        return "one core is for the shop and another one for the load"
    return HOW_TO_INSTALL if find_wrk() is None else None


def _tell(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names of --list; default: all")
    parser.add_argument("--list", action="store_true", help="print the cases and end")
    parser.add_argument(
        "--quick", action="store_true", help="cases with an aim, in short loads: under 3 minutes"
    )
    parser.add_argument("--seconds", type=_positive, help="of a load (5, quick: 1)")
    parser.add_argument(
        "--times", type=_times, default=_LEAST_TIMES, help="to measure each case (%(default)s)"
    )
    parser.add_argument(
        "--output", type=Path, default=_RESULTS, help="the folder to write to (%(default)s)"
    )
    parser.add_argument(
        "--document", action="store_true", help="also write docs/performance.md and its picture"
    )
    parser.add_argument(
        "--fsync", action="store_true", help="PostgreSQL waits for the disk, as SQLite always does"
    )
    parser.add_argument("--peer", metavar="URL", help="another shop, to compare with this one")
    parser.add_argument(
        "--driver", type=Path, metavar="FILE", help="the requests of the peer, in TOML"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _times(text: str) -> int:
    number = int(text)
    if number < _LEAST_TIMES:
        raise argparse.ArgumentTypeError(f"must be at least {_LEAST_TIMES}")
    return number


if __name__ == "__main__":
    sys.exit(main())
