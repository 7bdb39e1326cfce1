"""Logs, traces, request ids and HTTP metrics."""
