"""Measurements of a running shop."""
