"""Tests of buyers in a real browser."""
