"""A headless shop backend: users, products, orders and reports."""

__version__ = "0.1.0"
