"""The business rules of the shop, without HTTP or SQL."""
