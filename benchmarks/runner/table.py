"""The results as a table in Markdown, and its place in the document."""

from collections.abc import Sequence

from benchmarks.runner.machine import Machine
from benchmarks.runner.result import Result

BEGIN = "<!-- The benchmarks write what follows (--document). -->"
END = "<!-- The benchmarks have written what precedes. -->"
_COLUMNS = ("case", "measured", "reference", "ratio", "aim", "p50 ms", "p99 ms", "CPU µs", "noise")
_NAMES = ("case", "reference")


def table_of(results: Sequence[Result], machine: Machine, repetitions: int) -> str:
    """Return the table, with notes that explain it."""
    lines = [
        "| " + " | ".join(_COLUMNS) + " |",
        "|" + "|".join("---" if each in _NAMES else "--:" for each in _COLUMNS) + "|",
    ]
    lines += ["| " + " | ".join(_row(each)) + " |" for each in results]
    return "\n".join([*lines, "", *_notes(results, machine, repetitions)]) + "\n"


def put_between_markers(document: str, text: str) -> str:
    """Return a document with a text between its markers.

    Raises:
        ValueError: a marker is missing.
    """
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document has no place between {BEGIN!r} and {END!r}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{end}{after}"


def _row(result: Result) -> list[str]:
    case, score = result.case, result.score
    if score is None:
        return [case.title, "not measured", case.against, *[""] * (len(_COLUMNS) - 3)]
    against = case.against
    if result.reference is not None:
        against += f": {_number(result.reference)}"
    ratio = f"{score:.3g}" if case.reference is not None or not case.unit else ""
    if result.is_met is not None:
        ratio = f"**{ratio}**" if ratio and result.is_met else ratio
    return [
        case.title,
        f"{_number(result.measured)} {case.unit}".strip(),
        against,
        ratio,
        "" if case.aim is None else f"{case.aim}{'' if result.is_met else ', missed'}",
        *(_cell(result.detail(name), places) for name, places in _DETAILS),
        f"{result.spread:.2f}{', noisy' if result.is_noisy else ''}",
    ]


_DETAILS = (("p50_ms", 1), ("p99_ms", 1), ("cpu_us", 0))


def _cell(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:,.{places}f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def _notes(results: Sequence[Result], machine: Machine, repetitions: int) -> list[str]:
    notes = [
        f"Medians of {repetitions} measurements in turns with their reference, on "
        f"{machine.cores} cores of {machine.processor}, with Python {machine.python}. Noise is the "
        "highest value of the reference over its lowest one. Before the run, other programs used "
        f"{machine.busy:.0%} of the processors (load {machine.load:.1f})."
    ]
    noisy = [f"`{each.case.name}`" for each in results if each.is_noisy and each.repetitions]
    if noisy:
        notes += ["", f"The machine was noisy during {', '.join(noisy)}: measure these again."]
    for each in results:
        if each.failure:
            reason = " ".join(each.failure.split())
            notes += ["", f"`{each.case.name}` was not measured: {reason}"]
    return notes
