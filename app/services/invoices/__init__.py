"""Invoices and credit notes: their issue, and their queries."""
