"""Invoices: requests and responses."""
