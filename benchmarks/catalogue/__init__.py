"""Checks and measurements of the catalogue."""
