"""Rates of tax: requests and responses."""
