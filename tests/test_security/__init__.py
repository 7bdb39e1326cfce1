"""Tests of the rights of callers, and of attempts to circumvent them."""
