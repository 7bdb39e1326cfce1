"""Tests of the services of invoices."""
