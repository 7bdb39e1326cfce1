"""What a process does before it serves."""

import sys
from types import ModuleType
from unittest.mock import Mock, call

import pytest

from app.runtime import process


@pytest.fixture(name="collector")
def noting_collector(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """The garbage collector of the process, which notes its calls."""
    collector = Mock()
    monkeypatch.setattr(process, "gc", collector)
    return collector


def test_garbage_of_a_migration_is_collected_before_the_heap_is_frozen(
    collector: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "alembic", ModuleType("alembic"))
    process.freeze_heap()
    assert collector.mock_calls[:2] == [call.collect(), call.freeze()]


def test_without_a_migration_nothing_is_searched_for_garbage(
    collector: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "alembic", raising=False)
    process.freeze_heap()
    assert collector.mock_calls[0] == call.freeze()
    assert call.collect() not in collector.mock_calls
