"""The processes of a benchmark, and the evaluation of its figures."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from pydantic import SecretStr

from app.settings import Settings
from benchmarks.cases.checkouts import percentile
from benchmarks.orders.cpu_before import tell
from benchmarks.support.servers import environment
from tests.conftest import sqlite_settings


def test_a_process_has_the_settings_that_it_is_started_with(tmp_path: Path) -> None:
    given = sqlite_settings(tmp_path, secret_key=SecretStr("k" * 40), workers=1)
    with patch.dict(os.environ, environment(given), clear=True):
        started = Settings(_env_file=None)
    assert started.payment_providers == given.payment_providers == ("manual", "test")
    assert started.model_dump() == given.model_dump()


@pytest.mark.parametrize(("percent", "expected"), [(0, 1.0), (50, 10.0), (95, 19.0), (100, 20.0)])
def test_a_percentile_is_one_of_the_values(percent: int, expected: float) -> None:
    assert percentile([float(each) for each in range(20, 0, -1)], percent) == expected


def test_the_median_of_the_turns_detects_orders_that_cost_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not tell("queue", [[100, 90], [100, 115], [100, 300]])
    assert tell("queue", [[100, 90], [100, 116], [100, 300]]) == [
        "queue: 1.16 times as much as before"
    ]
    assert capsys.readouterr().out.splitlines()[0] == (
        "queue: 115 µs, before 100 µs: 1.15 times (0.90 to 3.00 in 3 turns)"
    )
