"""Each test is assigned once; tests that wait go to one process of three while others are left."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.processes import ROOT
from tests.support.spread import TOGETHER, WAITING, Spread

COMPUTING = [f"tests/test_core/test_money.py::test_{number}" for number in range(60)]
QUEUED = [f"tests/test_web/test_event_streams.py::test_{number}" for number in range(20)]
GROUPED = [f"tests/test_messaging/test_rabbitmq/test_broker.py::test_{each}" for each in range(9)]


class Node:
    """A process of pytest-xdist that notes which tests it was sent."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.left: list[int] = []

    def send_runtest_some(self, indices: Sequence[int]) -> None:
        """Take further tests."""
        self.left += indices

    def shutdown(self) -> None:
        """Get no further tests."""
        self.shutting_down = True


def schedule(tests: Sequence[str], processes: int) -> tuple[Any, list[Node]]:
    """Begin a run of tests in processes."""
    option = SimpleNamespace(loadscopereorder=True)
    config = SimpleNamespace(option=option, getvalue=lambda _name: ["popen"] * processes)
    spread: Any = Spread(config)
    nodes = [Node(str(number)) for number in range(processes)]
    for node in nodes:
        spread.add_node(node)
        spread.add_node_collection(node, list(tests))
    spread.schedule()
    return spread, nodes


def run_in_turns(spread: Any, nodes: list[Node]) -> Iterator[list[int]]:
    """Complete one test of each process after another; yield which ones, until none is left."""
    while any(node.left for node in nodes):
        done = []
        for node in (each for each in nodes if each.left):
            done.append(node.left.pop(0))
            spread.mark_test_complete(node, done[-1])
        yield done


@pytest.mark.parametrize(("processes", "most"), [(1, 1), (2, 1), (3, 1), (4, 2), (8, 3)])
def test_each_test_runs_once_and_few_processes_wait_at_a_time(processes: int, most: int) -> None:
    tests = [*COMPUTING, *QUEUED, *GROUPED]
    spread, nodes = schedule(tests, processes)
    done: list[str] = []
    waiting = []
    for numbers in run_in_turns(spread, nodes):
        done += [tests[number] for number in numbers]
        # The last units may be all of one kind.
        if len(set(COMPUTING) - set(done)) > 3 * processes:
            waiting.append(sum(any(_waits(tests[each]) for each in node.left) for node in nodes))
    assert max(waiting) == most
    assert sorted(done) == sorted(tests)
    assert spread.tests_finished
    assert all(node.shutting_down for node in nodes)


def test_a_group_is_run_by_one_process() -> None:
    tests = [*COMPUTING, *GROUPED]
    _, nodes = schedule(tests, 3)
    (its,) = [node for node in nodes if len(tests) - 1 in node.left]
    assert [tests[each] for each in its.left][: len(GROUPED)] == GROUPED


def test_the_tests_of_a_process_that_has_ended_are_run_by_others() -> None:
    tests = [*COMPUTING, *QUEUED]
    spread, nodes = schedule(tests, 3)
    gone = next(node for node in nodes if _waits(tests[node.left[0]]))
    crashed = tests[gone.left[0]]
    assert spread.remove_node(gone) == crashed
    nodes.remove(gone)
    done = [tests[number] for numbers in run_in_turns(spread, nodes) for number in numbers]
    assert sorted(done) == sorted(tests)


def test_every_place_exists() -> None:
    for place in (*TOGETHER, *WAITING):
        assert (ROOT / place).exists(), place


def _waits(test: str) -> bool:
    return test.startswith(WAITING)
