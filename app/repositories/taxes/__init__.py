"""Queries over rates of tax."""
