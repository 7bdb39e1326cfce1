"""The export of products, and its import."""
