"""The demo data and its import."""
