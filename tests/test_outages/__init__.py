"""Tests of the shop during outages of its services."""
