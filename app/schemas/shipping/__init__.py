"""Ways to ship: requests and responses."""
