"""Tests of the driver of SQLite: what runs on the event loop, and what in the thread."""
