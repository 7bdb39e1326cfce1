"""Tests of the server process and its settings."""
