"""Tests of the driver of SQLite, which runs statements on the event loop or in a thread."""
