"""Providers of payments, which hold the money of customers."""
