"""Engines and sessions, outages, and the schema's migrations."""
