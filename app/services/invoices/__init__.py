"""Invoices and credit notes: issued between transactions, read, and kept."""
