"""Rates of tax, and what an order is taxed at."""
