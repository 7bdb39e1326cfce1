"""Shipping methods: requests and responses."""
