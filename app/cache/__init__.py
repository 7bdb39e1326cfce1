"""Cache-aside of finished representations, in this process and in Redis."""
