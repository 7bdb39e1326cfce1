"""The background work of the shop's processes."""
