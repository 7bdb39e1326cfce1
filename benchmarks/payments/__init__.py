"""Benchmarks of payments: what becomes of them while processes and the provider fail."""
