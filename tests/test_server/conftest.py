"""A process whose environment has no settings."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import get_settings, setting_names


@pytest.fixture(name="no_settings")
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Remove all settings from the environment and from the file."""
    for name in os.environ.keys() & set(setting_names()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()
