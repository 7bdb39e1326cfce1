"""Tests of requests for many products."""
