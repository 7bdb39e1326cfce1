"""A part of the tests may cover a part of the code; only the pipeline has a limit."""

import re
import tomllib

from tests.test_house.sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LIMIT = re.compile(r"fail[-_]under[= ]+(\d+)")


def test_the_pipeline_alone_refuses_a_low_coverage() -> None:
    (limit,) = LIMIT.findall((ROOT / ".ci" / "run").read_text("utf-8"))
    assert int(limit) >= 95
    # A command that names some tests would otherwise fail although all of them pass.
    assert "fail_under" not in PROJECT["tool"]["coverage"]["report"]
    assert "fail-under" not in PROJECT["tool"]["slipcover"]
    assert not [
        each for each in PROJECT["tool"]["pytest"]["ini_options"]["addopts"] if "cov" in each
    ]
    for name in (".coveragerc", "setup.cfg", "tox.ini", "pytest.ini"):
        assert not (ROOT / name).exists(), name
