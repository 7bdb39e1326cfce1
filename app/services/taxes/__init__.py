"""Rates of tax, and the tax of orders."""
