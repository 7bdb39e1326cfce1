"""The raw figures of a run as JSON."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from benchmarks.runner.machine import Machine
from benchmarks.runner.result import Result
from benchmarks.support.reading import Reading


def figures_of(results: Sequence[Result], machine: Machine, started_at: datetime) -> str:
    """Return every measurement of a run."""
    content = {
        "started_at": started_at.isoformat(),
        "machine": machine.figures(),
        "cases": [_case(each) for each in results],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "name": case.name,
        "title": case.title,
        "reference": case.against or None,
        "unit": case.unit,
        "aim": None if case.aim is None else str(case.aim),
        "score": result.score,
        "is_met": result.is_met,
        "spread": result.spread,
        "steal": result.steal,
        "is_noisy": result.is_noisy,
        "failure": result.failure,
        "repetitions": [
            {"measured": _reading(each.measured), "reference": _reading(each.reference)}
            for each in result.repetitions
        ],
    }


def _reading(reading: Reading | None) -> dict[str, float] | None:
    return None if reading is None else {"value": reading.value, **reading.details}
