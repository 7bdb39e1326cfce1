"""Tests in a real browser; they run only by `uv run --group browser pytest tests/browser`."""
