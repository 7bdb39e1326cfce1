"""Tests of invoices through the API."""
