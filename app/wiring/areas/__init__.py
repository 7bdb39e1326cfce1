"""Builds the services of each area."""
