"""Tests of background tasks, heartbeats and the event loop."""
