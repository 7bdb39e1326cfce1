"""Tests of access: every route with every kind of caller."""
