"""Benchmarks of payments: their results while processes and the provider fail."""
