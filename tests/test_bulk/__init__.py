"""Many products in one request."""
