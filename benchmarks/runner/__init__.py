"""Measures cases and their references, and writes the results."""
