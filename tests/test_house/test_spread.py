"""The scheduler of the test processes groups the tests that share a server."""

import re

from tests.support.processes import ROOT
from tests.support.spread import TOGETHER

SHARING = re.compile(
    r"^ +(rabbitmq_server|stand): (RabbitMQServer|Stand),?$|\((?:stand|rabbitmq_server): ", re.M
)


def test_the_tests_that_run_in_one_process_exist() -> None:
    assert [place for place in TOGETHER if not (ROOT / place).exists()] == []


def test_the_tests_of_one_broker_run_in_one_process() -> None:
    places = tuple(place for place, name in TOGETHER.items() if name == "rabbitmq")
    files = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/**/test_*.py")]
    sharing = [
        path
        for path in files
        # The table of outages and the harness have their own brokers.
        if not path.startswith(("tests/harness/", "tests/test_outages/"))
        and SHARING.search((ROOT / path).read_text(encoding="utf-8"))
    ]
    assert len(sharing) > 5
    assert [path for path in sharing if not path.startswith(places)] == []
