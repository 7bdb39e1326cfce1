"""Payments: requests and responses."""
