"""Engines, sessions, outages and schema migrations."""
