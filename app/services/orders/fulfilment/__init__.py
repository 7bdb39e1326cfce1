"""The shipments of orders."""
