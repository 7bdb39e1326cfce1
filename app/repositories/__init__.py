"""The database queries of the shop."""
