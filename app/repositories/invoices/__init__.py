"""Queries over invoices."""
