"""Modules that the benchmarks share: servers, clients, the bare application, `pgbench`."""
