"""Tests of logging, tracing and metrics."""
