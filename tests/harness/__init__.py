"""Tests of the test servers; they run only by `uv run pytest tests/harness`."""
