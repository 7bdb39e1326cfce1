"""The rules of the shop: no HTTP, no SQL."""
